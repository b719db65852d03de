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
local fields = { 'limits', 'submit', 'poll', 'cap', 'open_rate', 'open_cap', 'budget', 'daily' }
local values = {
  limits, cmsgpack.pack(submit), cmsgpack.pack(poll), text(cap), text(one_if(open_rate)), text(one_if(open_cap)),
  text(budget), text(daily),
}

-- Each is compared: one that was damaged is repaired by whoever sets the same limits again.
local function is_as_set()
  for at, found in ipairs(call('HMGET', key, unpack(fields))) do
    if found ~= values[at] then return false end
  end
  return true
end

if not is_as_set() then
  for at, field in ipairs(fields) do call('HSET', key, field, values[at]) end
  bring_news()
end
return answer()
