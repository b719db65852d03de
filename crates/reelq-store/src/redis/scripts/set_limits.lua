-- Sets what an account allows.
--
-- ARGV[2]  { account, limits, submit, poll, cap, open_rate, open_cap, budget, daily }
--            limits         as JSON, for views
--            submit, poll   { ms, ns, burst }: the interval between two tokens and how many may go at once; burst 0
--                           where the rate gives none
--            open_rate, open_cap   whether what is learned may pass submit's interval, and cap
--            budget, daily  in micro-dollars, in all and for a day; -1 where there is none
-- Result   { now }

local name, limits, submit, poll, cap, open_rate, open_cap, budget, daily = unpack(args)
local key = account_key(account_for(name))
if call('HGET', key, 'limits') ~= limits then
  call('HSET', key, 'limits', limits, 'submit', cmsgpack.pack(submit), 'poll', cmsgpack.pack(poll), 'cap', cap,
    'open_rate', one_if(open_rate), 'open_cap', one_if(open_cap), 'budget', budget, 'daily', daily)
  bring_news()
end
return answer()
