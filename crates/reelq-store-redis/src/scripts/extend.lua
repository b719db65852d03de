-- Lengthens leases that still hold.
--
-- ARGV[2]  { lasts, { { id, version } … } }: milliseconds from now on, and the leases
-- Result   { now, answers }: whether each still held

local lasts, leases = args[1], args[2]
local ids, answers = {}, {}
for at, lease in ipairs(leases) do ids[at] = lease[1] end
prefetch(ids)
for at, lease in ipairs(leases) do
  local rec = record(lease[1])
  answers[at] = holds(rec, lease[2])
  if answers[at] and not follow.has(rec) and now + lasts > rec.lease_until then
    zset(LEASES, rec.id, now + lasts)
  end
end
flush()
return answer(answers)
