-- Begins a load: creates the batch where it is new, and supersedes an unfinished load of it, whose leavings are
-- cleared away first, a part in each call.
--
-- ARGV[2]  { batch, draft, budget }: draft as JSON; budget in micro-dollars, -1 where there is none
-- Result   { now, word, load }
--            word   0 begun · 1 call again · 2 `load` is being made the manifest: finish it first · 3 the batch is
--                   being purged · 4 it is being cancelled

local BEGUN, AGAIN, SETTLE, PURGING, CANCELLING = 0, 1, 2, 3, 4

local name, draft, budget = unpack(args)
local batch = number_for(BATCHES, name)
local key = batch_key(batch)
if call('HSETNX', key, 'name', name) == 1 then
  call('HSET', key, 'draft', draft, 'created_at', now, 'whole', 0, 'paused', 0, 'generation', 0)
  if budget >= 0 then call('HSET', key, 'budget', budget) end
end
local b = call('HMGET', key, 'purging', 'settling', 'cancelling')
if b[1] then return answer(PURGING, 0) end
if b[3] then return answer(CANCELLING, 0) end
if b[2] then return answer(SETTLE, tonumber(b[2])) end
if not clear_dead_load(batch) then return answer(AGAIN, 0) end
local load = call('HINCRBY', key, 'loads', 1)
call('HSET', key, 'loading', load, 'loading_draft', draft, 'loading_budget', budget, 'loading_lines', 0)
return answer(BEGUN, load)
