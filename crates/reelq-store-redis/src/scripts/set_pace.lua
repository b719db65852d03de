-- Sets what was learned of an account's limits, if its version is still the one that the change was made from. Repeated
-- after a lost answer it refuses, and the caller reads what it set itself.
--
-- ARGV[2]  { account, version, pace, submit, cap }
--            pace     as JSON; claims do not read it
--            submit   { ms, ns, burst }: the learned interval between two tokens (the burst is not used); {} for none
--            cap      the learned places in flight; 0 for none
-- Result   { now, set }

local name, version, pace, submit, cap = unpack(args)
local key = account_key(account_for(name))
if integer(call('HGET', key, 'pace_version')) ~= version then return answer(false) end
call('HSET', key, 'pace', pace, 'pace_version', version + 1, 'learned_submit', cmsgpack.pack(submit), 'learned_cap', cap)
bring_news()
return answer(true)
