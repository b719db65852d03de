-- Gives out status requests of an account for tasks that their worker follows: from the bucket that claims use, and under the same
-- pauses.
--
-- ARGV[2]  { account, most }
-- Result   { now, granted, retry_in }: milliseconds until more may be given; -1 where only news can bring any

local POLL_STAGE, NEVER = 2, -1

local name, most = unpack(args)
local account = number_of(ACCOUNTS, name)
if not account or most == 0 then return answer(0, NEVER) end
local a = call('HMGET', account_key(account), 'poll', 'poll_tat', 'pause:1', 'limits')
local ends = pauses_end(POLL_STAGE, { a[3] })
if ends then return answer(0, ends == -1 and NEVER or ends - now) end
local tokens = bucket(kept.poll_rate(a[1], a[4]), a[2])
if tokens == false then return answer(0, NEVER) end
if not tokens then return answer(most, NEVER) end
local granted = available(tokens, most)
keep_tat(account, 'poll_tat', tokens, granted)
return answer(granted, granted < most and next_in(tokens, granted) or NEVER)
