-- Sets an account's breaker, if its version is still the one that the change was made from, and the pause that it asks
-- for. Repeated after a lost answer it refuses, and the caller reads what it set itself.
--
-- ARGV[2]  { account, version, breaker, pause }
--            breaker  as JSON; claims do not read it
--            pause    { reason, since, until }: reason as JSON; {} for none
-- Result   { now, set }

local name, version, breaker, pause = unpack(args)
local key = account_key(account_for(name))
if integer(call('HGET', key, 'breaker_version')) ~= version then return answer(false) end
call('HSET', key, 'breaker', breaker, 'breaker_version', version + 1)
-- Only a pause that changes is news: purchases take and give back their slots all the time.
if pause[1] then
  call('HSET', key, 'pause:4', cmsgpack.pack(pause))
  bring_news()
elseif call('HDEL', key, 'pause:4') > 0 then
  bring_news()
end
return answer(true)
