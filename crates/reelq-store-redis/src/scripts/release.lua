-- Gives back jobs that were claimed and not begun; they are due at once. Leases that ended are passed over.
--
-- ARGV[2]  { { id, version } … }: the leases
-- Result   { now, withdrawn }

local ids, released = {}, false
for at, lease in ipairs(args) do ids[at] = lease[1] end
prefetch(ids)
for _, lease in ipairs(args) do
  local rec = record(lease[1])
  if holds(rec, lease[2]) then
    hand_back(rec, nil)
    released = true
  end
end
flush()
if released then bring_news() end
return answer(withdrawn)
