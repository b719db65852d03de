-- Reads jobs as they stand, with their lines.
--
-- ARGV[2]  a list of ids
-- Result   { now, { { record, line } … } }: the packed record, '' where there is none, and the packed line, ''
--          where it has none. A record whose header cannot be read is answered as it is

-- While a load is being made the manifest, some jobs have their place in its lines already.
local function line_of(rec)
  if rec.position == 0 then return nil end
  for _, field in ipairs({ 'generation', 'settling' }) do
    local load = call('HGET', batch_key(rec.batch), field)
    local line = load and call('LINDEX', lines_key(rec.batch, integer(load)), rec.position - 1)
    if line and string.sub(line, 1, 16) == rec.id then return line end
  end
end

prefetch(args)
local found = {}
for at, id in ipairs(args) do
  local rec = known(id)
  local line = rec and line_of(rec)
  found[at] = { rec and encode(rec) or unreadable[id] or '', line or '' }
end
return answer(found)
