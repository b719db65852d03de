-- Reads what was learned of an account's limits, and what of them is in use.
--
-- ARGV[2]  { account }
-- Result   { now, pace, version, tokens, in_flight }; pace '' where nothing was learned

local number = number_of(ACCOUNTS, args[1])
if not number then return answer('', 0, 0, 0) end
local a = call('HMGET', account_key(number), 'pace', 'pace_version', 'tokens', 'in_flight')
return answer(a[1] or '', integer(a[2]), integer(a[3]), integer(a[4]))
