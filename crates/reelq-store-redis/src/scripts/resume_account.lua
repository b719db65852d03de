-- Ends an account's pauses: the provider's refusal, and with `operator` also its throttling and a person's.
--
-- ARGV[2]  { account, operator }
-- Result   { now }

local key = account_key(account_for(args[1]))
call('HDEL', key, 'pause:2')
if args[2] then call('HDEL', key, 'pause:1', 'pause:3') end
bring_news()
return answer()
