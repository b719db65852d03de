-- Takes back whatever a worker holds, a piece at a time, and forgets the worker once it holds nothing.
--
-- ARGV[2]  { worker }
-- Result   { now, left, withdrawn }: how many leases are left for the next call

local worker = args[1]
local left = take_back_of(worker, held_key(worker), 'its worker is gone', RESCUED_AT_ONCE)
if left == 0 then left = take_back_of(worker, follow.jobs_key(worker), 'its worker is gone', RESCUED_AT_ONCE) end
if left == 0 then
  forget_follower(worker)
  if call('ZREM', WORKERS, worker) == 1 then bring_news() end
end
return answer(left, to_withdraw())
