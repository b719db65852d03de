-- Reads an account's breaker.
--
-- ARGV[2]  { account }
-- Result   { now, breaker, version }; breaker '' where there is none

local number = number_of(ACCOUNTS, args[1])
if not number then return answer('', 0) end
local a = call('HMGET', account_key(number), 'breaker', 'breaker_version')
return answer(a[1] or '', integer(a[2]))
