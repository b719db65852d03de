-- Removes the record of a job that cannot be read, with all that it adds to sums and queues as far as its header says that. Its
-- line stays, and is shown without it until the manifest is loaded again.
--
-- ARGV[2]  { id }
-- Result   { now, booked }: whether its header could be read, and what it added to the sums was taken off them

local id = args[1]
local rec = record(id)
if rec then
  lift(rec)
  zset(unlisted_key(rec.batch), id, false)
  zset(deadlines_key(rec.batch), id, false)
  set(hidden_key(rec.batch), id, false)
  call('HDEL', gone_key(rec.batch), id)
  set(WITHDRAW, id, false)
  flush()
else
  for _, name in ipairs(call('ZRANGE', BATCHES, 0, -1)) do
    local batch = number_of(BATCHES, name)
    call('ZREM', unlisted_key(batch), id)
    call('ZREM', deadlines_key(batch), id)
    call('SREM', hidden_key(batch), id)
    call('HDEL', gone_key(batch), id)
  end
end
forget_lease(id)
call('UNLINK', state_key(id), asked_key(id), orphans_key(id))
bring_news()
return answer(rec and true or false)
