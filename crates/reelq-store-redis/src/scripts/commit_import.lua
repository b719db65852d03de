-- Makes a load's lines the batch's manifest, a bounded part in each call. A batch without a manifest takes one call,
-- however many jobs the load has. What is left over from call to call stands under the mark `settling`, which keeps
-- the batch's ready jobs from being claimed; the last part moves the batch to the new lines.
--
-- ARGV[2]  { batch, load, verdicts, visits, seen }
--            verdicts   what becomes of the jobs that answers asked about: { id, version, facts, json, takes };
--                       json '' leaves the job as it is; `takes`: account and priority are those of its line, and what was
--                       asked for is another: { kind, its content, fields }; else false
--            visits     at most about this many jobs are looked at
--            seen       as noted.lua gives it: nothing else was loaded since; '' where that does not matter
-- Result   { now, word, lines, cancelled, revived, open }
--            word       0 done · 1 the load was superseded · 2 call again, with verdicts on `open` ·
--                       3 another was loaded since
--            open       { what, record, line's account, price, priority, id, fields as JSON or '' }; what: 1 its line is gone · 2 it is there

local DONE, SUPERSEDED, MORE, MEANWHILE = 0, 1, 2, 3
local GONE, BACK = 1, 2
local OLD_LINES, STRAYS, KNOWN, FLIP = 0, 1, 2, 3
local CHUNK, VERDICTS_MAX = 200, 256
local CANCELLED, BY_MANIFEST = 7, 2

local name, load, verdicts, visits, seen = unpack(args)
local batch = number_of(BATCHES, name)
local key = batch and batch_key(batch)
local b = key and call('HMGET', key, 'loading', 'generation', 'lines', 'loading_lines', 'settle_phase', 'settle_at',
  'cancelled', 'revived', 'settling')
if b and integer(b[2]) == load then return answer(DONE, integer(b[3]), integer(b[7]), integer(b[8]), {}) end
if not b or integer(b[1]) ~= load then return answer(SUPERSEDED, 0, 0, 0, {}) end

-- Loads are counted with their first part: from then on it is certain that the manifest will be there.
if not b[9] then
  local loads = call('HGET', guard.key, 'loads') or '0'
  if seen ~= '' and seen ~= loads then return answer(MEANWHILE, 0, 0, 0, {}) end
  call('HINCRBY', guard.key, 'loads', 1)
end

local generation, lines = integer(b[2]), integer(b[4])
local phase, at = integer(b[5]), b[6] or '0'
local cancelled, revived = 0, 0
if b[5] then cancelled, revived = integer(b[7]), integer(b[8]) end
local known_jobs = known_key(batch, load)

local given = {}
for _, verdict in ipairs(verdicts) do given[verdict[1]] = verdict end

-- What this part changes; done only once all of its verdicts are there.
local changes, open = {}, {}
local visited, asked = 0, 0

local function later_change(change) changes[#changes + 1] = change end

-- Asks the clients what becomes of a job, or goes by what they said of it as it stands.
local function ask(what, rec, line, change)
  asked = asked + 1
  local verdict = given[rec.id]
  if verdict and verdict[2] == rec.version then
    later_change(function() change(verdict) end)
  else
    open[#open + 1] =
      { what, encode(rec), line and line[3] or '', line and line[4] or 0, line and line[5] or 0, rec.id,
        line and line[6] or '' }
  end
end

local function write_verdict(rec, verdict)
  local facts = verdict[3]
  rec.version, rec.token = rec.version + 1, ''
  rec.status, rec.flags, rec.price = facts[1], facts[2], facts[3]
  rec.spent, rec.reserved, rec.deadline, rec.days = facts[4], facts[5], facts[6], facts[7]
  rec.json = verdict[4]
end

local function withdraw(rec, verdict)
  lift(rec)
  -- The clients cannot read it: it is left as it is, and only has no line.
  if verdict[4] == '' then
    rec.position = 0
    return set_down(rec)
  end
  write_verdict(rec, verdict)
  rec.position, rec.cancel, rec.due = 0, BY_MANIFEST, 0
  write_history(rec, 'cancelled', '', 'its line is gone')
  set_down(rec)
  cancelled = cancelled + 1
end

local function is_followed(rec)
  return rec.status == QUEUED or rec.status == SUBMITTING or rec.status == UNCONFIRMED or rec.status == RUNNING
end

-- A job that the new manifest does not ask for. What may have been bought is kept, but is not bought a second time.
local function let_go(rec, line)
  if rec.status == QUEUED and rec.cancel == 0 and not in_hand(rec) then
    return ask(GONE, rec, nil, function(verdict) withdraw(rec, verdict) end)
  end
  local wish = rec.cancel == 0 and is_followed(rec)
  if rec.position == 0 and not wish then return end
  later_change(function()
    lift(rec)
    rec.position = 0
    if line and shown(rec) then call('HSET', gone_key(batch), rec.id, line) end
    if wish then rec.cancel = BY_MANIFEST end
    if wish and rec.status == QUEUED then cancelled = cancelled + 1 end
    set_down(rec)
  end)
end

local function take_terms(rec, line, kind, content, fields)
  rec.account, rec.priority = line[2], line[5]
  call('HSET', kinds_key(rec.batch), kind, content)
  rec.asked = write_asked(rec.asked, { [2] = kind }, fields)
  later.records[asked_key(rec.id)] = rec.asked
end

-- The fields of the request as JSON; nil where they cannot be found.
local function fields_of(rec)
  local fine, _, at = pcall(read_asked, rec.asked)
  return fine and string.sub(rec.asked, at) or nil
end

local function place_known(rec, line, verdict)
  local back = rec.status == CANCELLED and rec.cancel == BY_MANIFEST
  lift(rec)
  if verdict and verdict[4] ~= '' then
    write_verdict(rec, verdict)
    if verdict[5] then take_terms(rec, line, unpack(verdict[5])) end
    if back then
      rec.due = now
      write_history(rec, 'retry', '', 'its line is back')
      revived = revived + 1
    end
  end
  if rec.position == 0 then call('HDEL', gone_key(batch), rec.id) end
  rec.position = line[1]
  if rec.cancel == BY_MANIFEST then rec.cancel = 0 end
  set_down(rec)
end

-- A job that was known before: jobs that were never submitted take over what the manifest now says of them, and those
-- that were withdrawn because their line was gone are queued again.
local function take_up(rec, line)
  local back = rec.status == CANCELLED and rec.cancel == BY_MANIFEST
  local waits = (rec.status == QUEUED or back) and not in_hand(rec)
  local differs = rec.account ~= line[2] or rec.price ~= line[4] or rec.priority ~= line[5]
    or (waits and (line[6] or '') ~= '' and fields_of(rec) ~= line[6])
  if back or (waits and differs) then
    return ask(BACK, rec, line, function(verdict) place_known(rec, line, verdict) end)
  end
  if rec.position == line[1] and rec.cancel ~= BY_MANIFEST then return end
  later_change(function() place_known(rec, line, nil) end)
end

-- Lets go of those of `ids` that the load does not ask for. `lines` has what asked for them so far.
local function sift(ids, lines)
  if #ids == 0 then return end
  local missing, before = {}, {}
  for index, asked_for in ipairs(call('HMGET', known_jobs, unpack(ids))) do
    if not asked_for then
      missing[#missing + 1] = ids[index]
      before[#missing] = lines[index]
    end
  end
  prefetch(missing)
  for index, id in ipairs(missing) do
    local rec = record(id)
    if rec and rec.load <= generation then let_go(rec, before[index]) end
  end
  visited = visited + #ids
end

local function walk_old_lines()
  local first = tonumber(at)
  local found = call('LRANGE', lines_key(batch, generation), first, first + CHUNK - 1)
  if #found == 0 then
    phase, at = STRAYS, '-inf'
    return
  end
  local ids = {}
  for index, line in ipairs(found) do ids[index] = string.sub(line, 1, 16) end
  sift(ids, found)
  at = text(first + #found)
end

local function walk_strays()
  local from = at == '-inf' and at or '(' .. at
  local found = call('ZRANGEBYSCORE', unlisted_key(batch), from, '+inf', 'WITHSCORES', 'LIMIT', 0, CHUNK)
  if #found == 0 then
    phase, at = KNOWN, '0'
    return
  end
  local ids = {}
  for index = 1, #found, 2 do ids[#ids + 1] = found[index] end
  sift(ids, {})
  at = found[#found]
end

local function walk_known()
  local page = call('HSCAN', known_jobs, at, 'COUNT', CHUNK)
  local entries, ids = page[2], {}
  for index = 1, #entries, 2 do ids[#ids + 1] = entries[index] end
  prefetch(ids)
  for index = 1, #entries, 2 do
    local rec = record(entries[index])
    if rec then take_up(rec, cmsgpack.unpack(entries[index + 1])) end
  end
  visited = visited + #ids
  at = page[1]
  if at == '0' then phase = FLIP end
end

-- Forgets groups that have nothing left, so that loads do not heap them up.
local function forget_groups()
  for _, entry in ipairs(call('SMEMBERS', groups_key(batch))) do
    local account, group = string.match(entry, '^(%d+):(.*)$')
    account = tonumber(account)
    if call('EXISTS', fresh_key(account, group), queue_key(READY, account, group)) == 0 then
      call('SREM', groups_key(batch), entry)
    end
  end
end

local function activate(staged)
  for _, entry in ipairs(call('ZRANGE', staged, 0, -1)) do
    local account, group = string.match(entry, '^(%d+):(.*)$')
    local level = call('ZSCORE', staged, entry)
    if tonumber(level) < HELD_LEVEL then call('ZADD', index_key(READY, tonumber(account)), level, group) end
    call('SADD', groups_key(batch), entry)
  end
end

local function book_new_jobs()
  local sums = call('HGETALL', loading_key(batch, load))
  for index = 1, #sums, 2 do
    local field, value = sums[index], integer(sums[index + 1])
    local price = string.match(field, '^price:(.*)$')
    if price then
      count(prices_key(batch), price, value)
    elseif field == 'new' then
      count(key, 'c:1:' .. QUEUED, value)
    else
      count(key, field, value)
    end
  end
end

-- Whether a journal knows of a job that was not here when it was held against the namespace, and that is now.
local function brings_absent()
  local ids = call('HKEYS', guard.absent)
  prefetch(ids)
  for _, id in ipairs(ids) do
    if record(id) then return true end
  end
  return false
end

local function flip()
  forget_groups()
  activate(staged_key(batch, load))
  book_new_jobs()
  flush()
  local draft = call('HMGET', key, 'loading_draft', 'loading_budget')
  if integer(draft[2]) >= 0 then call('HSET', key, 'budget', draft[2]) else call('HDEL', key, 'budget') end
  call('HSET', key, 'draft', draft[1], 'whole', 1, 'generation', load, 'lines', lines, 'cancelled', cancelled,
    'revived', revived)
  call('HSETNX', key, 'ended_at', now)
  call('HDEL', key, 'loading', 'loading_draft', 'loading_budget', 'loading_lines', 'settling', 'settle_phase',
    'settle_at')
  call('UNLINK', lines_key(batch, generation), known_jobs, staged_key(batch, load), loading_key(batch, load))
  bring_news()
  -- A journal knows of jobs that came with it: it is reconciled with the store before anyone buys them.
  if brings_absent() then guard.doubt(guard.counter) end
  return answer(DONE, lines, cancelled, revived, {})
end

local walks = { [OLD_LINES] = walk_old_lines, [STRAYS] = walk_strays, [KNOWN] = walk_known }
while phase ~= FLIP and visited < visits and asked < VERDICTS_MAX do walks[phase]() end
if #open > 0 then
  call('HSET', key, 'settling', load)
  return answer(MORE, lines, 0, 0, open)
end
for _, change in ipairs(changes) do change() end
flush()
if phase == FLIP then return flip() end
call('HSET', key, 'settling', load, 'settle_phase', phase, 'settle_at', at, 'cancelled', cancelled, 'revived', revived)
bring_news()
return answer(MORE, lines, 0, 0, {})
