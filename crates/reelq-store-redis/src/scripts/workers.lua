-- Reads the workers that are, or were lately, alive.
--
-- ARGV[2]  {}
-- Result   { now, { { name, seen_at, leases } … } }

local views = {}
local found = call('ZRANGE', WORKERS, 0, -1, 'WITHSCORES')
for at = 1, #found, 2 do
  views[#views + 1] = { found[at], tonumber(found[at + 1]), follow.hands(found[at]) }
end
return answer(views)
