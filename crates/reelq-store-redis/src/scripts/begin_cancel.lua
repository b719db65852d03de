-- Stops a batch for good: from here on no job of it is given to be submitted, and none that was claimed is sent. A load that is
-- under way ends here; what it brought is cleared away, a part in each call.
--
-- ARGV[2]  { batch }
-- Result   { now, word, load }
--            word   0 done · 1 call again · 2 `load` is being made the manifest: finish it first · 3 the batch is being
--                   purged · 4 no such batch

local DONE, AGAIN, SETTLE, PURGING, NO_BATCH = 0, 1, 2, 3, 4

local batch = number_of(BATCHES, args[1])
if not batch then return answer(NO_BATCH, 0) end
local key = batch_key(batch)
local b = call('HMGET', key, 'purging', 'settling')
if b[1] then return answer(PURGING, 0) end
call('HSET', key, 'cancelling', 1)
bring_news()
if b[2] then return answer(SETTLE, tonumber(b[2])) end
if not clear_dead_load(batch) then return answer(AGAIN, 0) end
return answer(DONE, 0)
