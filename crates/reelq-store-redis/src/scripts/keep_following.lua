-- Lengthens what a worker follows; begins it where nothing is left of what it followed before.
--
-- ARGV[2]  { worker, lasts }: milliseconds from now on
-- Result   { now, all_ended, taken, withdrawn }
--            all_ended  its time had passed, or it never followed any: what it followed is taken back, and where that is much, the
--                       next call begins anew
--            taken      id and version in turn of what others took from it since it last asked; versions are texts

local worker, lasts = unpack(args)
local all_ended = not follow.is_open(worker)
if all_ended then
  local _, is_done = rescue_of_follower(worker, RESCUED_AT_ONCE)
  if not is_done then return answer(true, {}, to_withdraw()) end
end
call('ZADD', WORKERS, 'NX', now, worker)
call('ZADD', follow.WORKERS, 'GT', text(now + lasts), worker)
local taken = call('HGETALL', follow.taken_key(worker))
if #taken > 0 then call('UNLINK', follow.taken_key(worker)) end
return answer(all_ended, taken, to_withdraw())
