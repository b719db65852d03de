-- Sets what a batch may spend, unless its draft is another one by now.
--
-- ARGV[2]  { batch, before, after, budget }: the draft as it was read and as it is to be, as JSON; budget in micro-dollars,
--          -1 where there is none
-- Result   { now, word }
--            word   0 done · 1 there is no such batch · 2 the draft has changed: read it again

local DONE, NONE, CHANGED = 0, 1, 2

local name, before, after, budget = unpack(args)
local batch = number_of(BATCHES, name)
if not batch then return answer(NONE) end
local key = batch_key(batch)
if call('HGET', key, 'draft') ~= before then return answer(CHANGED) end
call('HSET', key, 'draft', after)
if budget >= 0 then call('HSET', key, 'budget', budget) else call('HDEL', key, 'budget') end
bring_news()
return answer(DONE)
