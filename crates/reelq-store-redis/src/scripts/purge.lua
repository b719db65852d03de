-- Removes a bounded part of a finished batch. Judged anew at each call: a charge that no one expected may have come.
--
-- ARGV[2]  { batch }
-- Result   { now, word, jobs, outstanding, unconfirmed, loading }
--            word   0 all of it is gone · 1 call again · 2 it is not finished: nothing was removed · 3 no such batch
--            jobs   how many this call removed

local GONE, AGAIN, UNFINISHED, NO_BATCH = 0, 1, 2, 3
local PURGED_AT_ONCE = 1000

local batch = number_of(BATCHES, args[1])
if not batch then return answer(NO_BATCH, 0, 0, 0, false) end
local key = batch_key(batch)
local b = call('HMGET', key, 'whole', 'loading', 'generation', 'settling', 'clearing')

local function of_status(status)
  return integer(call('HGET', key, 'c:0:' .. status)) + integer(call('HGET', key, 'c:1:' .. status))
end
local outstanding = of_status(QUEUED) + of_status(SUBMITTING) + of_status(RUNNING) + of_status(FETCHING)
local unconfirmed = of_status(UNCONFIRMED)
local loading = b[4] ~= false or (b[1] == '1' and b[2] ~= false)
if outstanding > 0 or unconfirmed > 0 or loading then
  return answer(UNFINISHED, 0, outstanding, unconfirmed, loading)
end
call('HSET', key, 'purging', 1)
bring_news()
if not clear_dead_load(batch) then return answer(AGAIN, 0, 0, 0, false) end

local function remove_jobs(ids)
  local removed = 0
  prefetch(ids)
  for _, id in ipairs(ids) do
    if record(id) then purchases.forget(record(id)) end
    removed = removed + math.min(1, call('UNLINK', asked_key(id), state_key(id)))
    call('UNLINK', orphans_key(id))
  end
  return removed
end

local lines = call('RPOP', lines_key(batch, integer(b[3])), PURGED_AT_ONCE) or {}
for at, line in ipairs(lines) do lines[at] = string.sub(line, 1, 16) end
local jobs = remove_jobs(lines)
if #lines > 0 then return answer(AGAIN, jobs, 0, 0, false) end
local strays = call('ZRANGE', unlisted_key(batch), 0, PURGED_AT_ONCE - 1)
if #strays > 0 then
  jobs = remove_jobs(strays)
  call('ZREMRANGEBYRANK', unlisted_key(batch), 0, #strays - 1)
  return answer(AGAIN, jobs, 0, 0, false)
end
local hidden = call('SPOP', hidden_key(batch), PURGED_AT_ONCE)
if #hidden > 0 then return answer(AGAIN, remove_jobs(hidden), 0, 0, false) end
for _, entry in ipairs(call('SMEMBERS', groups_key(batch))) do
  local account, group = string.match(entry, '^(%d+):(.*)$')
  account = tonumber(account)
  call('UNLINK', fresh_key(account, group), queue_key(READY, account, group))
  call('ZREM', index_key(READY, account), group)
end
call('UNLINK', key, prices_key(batch), deadlines_key(batch), groups_key(batch), kinds_key(batch), gone_key(batch))
call('ZREM', BATCHES, args[1])
return answer(GONE, 0, 0, 0, false)
