-- Reads jobs as they stand, with their lines.
--
-- ARGV[2]  a list of ids
-- Result   { now, { { record, line } … } }: the record, '' where there is none, and the packed line, '' where it has none. A record
--          that cannot be read is answered as it is

prefetch(args)
local found = {}
for at, id in ipairs(args) do
  local rec = known(id)
  local line = rec and line_of(rec)
  found[at] = { rec and encode(rec) or unreadable[id] or '', line or '' }
end
return answer(found)
