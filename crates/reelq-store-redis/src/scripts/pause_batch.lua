-- Pauses or resumes the submissions of a batch.
--
-- ARGV[2]  { batch, paused }
-- Result   { now, found }

local batch = number_of(BATCHES, args[1])
if not batch then return answer(false) end
call('HSET', batch_key(batch), 'paused', args[2] and '1' or '0')
bring_news()
return answer(true)
