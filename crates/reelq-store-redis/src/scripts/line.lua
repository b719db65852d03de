-- A job's line in its batch's manifest, packed; nil where it has none.

-- While a load is being made the manifest, some jobs have their place in its lines already.
local function line_of(rec)
  if rec.position == 0 then return nil end
  for _, field in ipairs({ 'generation', 'settling' }) do
    local load = call('HGET', batch_key(rec.batch), field)
    local line = load and call('LINDEX', lines_key(rec.batch, integer(load)), rec.position - 1)
    if line and string.sub(line, 1, 16) == rec.id then return line end
  end
end

-- The line that goes with a lease: only what fetches outputs needs it.
local function leased_line(rec)
  return rec.status == FETCHING and in_hand(rec) and line_of(rec) or ''
end
