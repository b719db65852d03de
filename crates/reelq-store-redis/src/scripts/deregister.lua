-- Takes back whatever a worker holds, a piece at a time, and forgets the worker once it holds nothing.
--
-- ARGV[2]  { worker }
-- Result   { now, left, withdrawn }: how many leases are left for the next call

local worker = args[1]
local key = held_key(worker)
local ids = call('SRANDMEMBER', key, RESCUED_AT_ONCE)
take_back(ids, 'its worker is gone')
for _, id in ipairs(ids) do call('SREM', key, id) end
local left = call('SCARD', key)
if left == 0 and call('ZREM', WORKERS, worker) == 1 then bring_news() end
return answer(left, to_withdraw())
