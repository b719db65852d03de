-- Who runs which batch: takes, renews or gives up that right.
--
-- ARGV[2]  { batch, worker, lasts }: lasts 0 gives it up
-- Result   { now, word, worker, since, ends_in }
--            word   0 the worker has it, or no one has · 1 another has it

local batch, worker, lasts = unpack(args)
local key = P .. 'holds'
local found = call('HGET', key, batch)
local held = kept.list(found)
-- What cannot be read holds nothing.
if held and not (type(held[1]) == 'string' and kept.number(held[2]) and kept.number(held[3])) then held = nil end
local mine = held and held[1] == worker

if lasts == 0 then
  if mine then call('HDEL', key, batch) end
  return answer(0, worker, now, 0)
end
if held and not mine and held[3] > now then return answer(1, held[1], held[2], held[3] - now) end
call('HSET', key, batch, cmsgpack.pack({ worker, mine and held[2] or now, now + lasts }))
return answer(0, worker, now, lasts)
