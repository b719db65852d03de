-- Notes that a worker and its journal live, takes back lapsed leases, and forgets those that have long been silent.
--
-- ARGV[2]  { worker }
-- Result   { now, taken, withdrawn }: how many leases were taken back, and jobs that wait to be withdrawn

local SILENT_MS = 600000
local FORGOTTEN_AT_ONCE = 16

hours.note()
guard.look()
guard.hear()
if guard.awaited == 0 then guard.forget_silent(now) end
call('ZADD', WORKERS, now, args[1])
local taken = rescue_expired()
for _, worker in ipairs(call('ZRANGEBYSCORE', WORKERS, '-inf', now - SILENT_MS, 'LIMIT', 0, FORGOTTEN_AT_ONCE)) do
  if follow.hands(worker) == 0 then call('ZREM', WORKERS, worker) end
end
return answer(taken, to_withdraw())
