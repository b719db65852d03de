-- Walks a part of a batch's jobs in the order of its manifest, or of those without a line in the order of their age,
-- and reads those that are wanted.
--
-- ARGV[2]  { batch, listed, at, skip, limit, statuses, account, rows, bought, orphans }
--            at         where to go on: a number of lines, or the age of the last job without one
--            skip       wanted jobs to pass over first
--            statuses   of any of these; none: of any
--            account    '' for any
--            rows       of any of these rows; none: of any
--            bought     only what was bought and follows no unexpected charge
--            orphans    whether records of unexpected charges are read beside each job
-- Result   { now, found, at, skip, jobs }
--            found      whether there is such a batch
--            at, skip   for the next call; at -1: there are no more
--            jobs       { record, line, orphans, id }: packed, line '' where it has none

local VISITS = 1000

local name, listed, at, skip, limit, statuses, account_name, rows, bought, with_orphans = unpack(args)
local batch = number_of(BATCHES, name)
if not batch then return answer(false, -1, 0, {}) end
local account = account_name ~= '' and (number_of(ACCOUNTS, account_name) or -1)
local b = call('HMGET', batch_key(batch), 'generation', 'orphans', 'settling')

local function set_of(list)
  if #list == 0 then return nil end
  local set = {}
  for _, each in ipairs(list) do set[each] = true end
  return set
end
local any_status, any_row = set_of(statuses), set_of(rows)

-- Whether the counters say that none is wanted.
local function is_hopeless()
  if not any_status or b[3] then return false end
  for status in pairs(any_status) do
    if integer(call('HGET', batch_key(batch), 'c:' .. one_if(listed) .. ':' .. status)) > 0 then return false end
  end
  return true
end

local function is_wanted(rec)
  if any_status and not any_status[rec.status] then return false end
  if account and rec.account ~= account then return false end
  return not bought or (has(rec.flags, FLAGS.bought) and not has(rec.flags, FLAGS.orphan))
end

-- The ids of the next part, with their lines; of jobs without one, their ages, from the last one on: those that leave the
-- set meanwhile make no other be passed over.
local function part()
  if not listed then
    local found = call('ZRANGEBYSCORE', unlisted_key(batch), '(' .. text(at), '+inf', 'WITHSCORES', 'LIMIT', 0, VISITS)
    local ids, ages = {}, {}
    for index = 1, #found, 2 do
      ids[#ids + 1] = found[index]
      ages[#ids] = tonumber(found[index + 1])
    end
    return ids, {}, ages
  end
  local most = VISITS
  if not (any_status or any_row or account) then most = math.min(VISITS, limit) end
  local lines = call('LRANGE', lines_key(batch, integer(b[1])), at, at + most - 1)
  local ids = {}
  for index, line in ipairs(lines) do ids[index] = string.sub(line, 1, 16) end
  return ids, lines, {}
end

local function row_of(line)
  local fine, _, row = pcall(cmsgpack.unpack_one, line, 16)
  return fine and row
end

local function orphans_of(id)
  if not with_orphans or integer(b[2]) == 0 then return {} end
  local ids = call('SMEMBERS', orphans_key(id))
  prefetch(ids)
  local orphans = {}
  for _, orphan in ipairs(ids) do orphans[#orphans + 1] = record(orphan) or nil end
  table.sort(orphans, function(one, other) return one.seq < other.seq end)
  for index, orphan in ipairs(orphans) do orphans[index] = encode(orphan) end
  return orphans
end

-- Of a job whose header cannot be read, or whose record is gone, nothing is known: it is shown where any job is wanted.
local function is_shown_unread(id)
  unreadable[id] = unreadable[id] or (listed and '' or nil)
  return unreadable[id] and not (any_status or account or bought)
end

if is_hopeless() then return answer(true, -1, skip, {}) end
if listed and skip > 0 and not (any_status or any_row or account) then
  local lines = call('LLEN', lines_key(batch, integer(b[1])))
  local passed = math.min(skip, math.max(lines - at, 0))
  at, skip = at + passed, skip - passed
end
local ids, lines, ages = part()
local jobs = {}
if not any_row then prefetch(ids) end
for index, id in ipairs(ids) do
  if #jobs == limit then return answer(true, at, 0, jobs) end
  at = ages[index] or at + 1
  local line = lines[index]
  local rec
  if not any_row or (line and any_row[row_of(line)]) then rec = record(id) end
  if (rec and is_wanted(rec)) or (rec == false and is_shown_unread(id)) then
    if skip > 0 then
      skip = skip - 1
    else
      jobs[#jobs + 1] = { rec and encode(rec) or unreadable[id], line or '', orphans_of(id), id }
    end
  end
end
return answer(true, #ids == 0 and -1 or at, skip, jobs)
