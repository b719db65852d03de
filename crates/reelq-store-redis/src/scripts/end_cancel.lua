-- Ends the cancellation of a batch: all that it had to submit was withdrawn, and it may be loaded and worked on again.
--
-- ARGV[2]  { batch }
-- Result   { now }

local batch = number_of(BATCHES, args[1])
if batch then call('HDEL', batch_key(batch), 'cancelling') end
bring_news()
return answer()
