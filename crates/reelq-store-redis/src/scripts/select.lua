-- Walks a part of the jobs of a batch, or of all, and reads those that are wanted: those with a line in the order of the
-- manifest, those without one in the order of their age.
--
-- ARGV[2]  { batch, number, listed, at, skip, limit, statuses, account, rows, bought, orphans, alone }
--            batch      '' for all batches, the older first
--            number     of the batch to go on with, where all are meant
--            listed     whether the walk is among the jobs with a line
--            at         where to go on there: a number of lines, or the age of the last job without one
--            skip       wanted jobs to pass over first
--            statuses   of any of these; none: of any
--            account    '' for any
--            rows       of any of these rows; none: of any
--            bought     only what was bought and follows no unexpected charge
--            orphans    whether records of unexpected charges are read beside each job
--            alone      not the jobs without a line behind those with one, nor the next batch
-- Result   { now, found, { number, listed, at }, skip, batch, jobs }
--            found      whether there is such a batch
--            number …   where the next call goes on; none: there are no more
--            batch      the name of the one that the jobs are of
--            jobs       { record, line, orphans, id }: the record packed or as a list; line '' where it has none, and with
--                       `bought` the last one that it had

-- At most so many jobs, and so many places where the counters say that none is wanted: a call takes a few milliseconds.
local VISITS = 125
local HOPS = 100

local name, number, listed, at, skip, limit, statuses, account_name, rows, bought, with_orphans, alone = unpack(args)
local account = account_name ~= '' and (number_of(ACCOUNTS, account_name) or -1)
local batch, batch_name, b

-- Whether there is such a batch.
local function open(found, found_name)
  if not found then return false end
  batch, batch_name = found, found_name
  b = call('HMGET', batch_key(batch), 'generation', 'orphans', 'settling')
  return true
end

-- The batch of that number, or the next one.
local function open_from(from)
  local found = call('ZRANGEBYSCORE', BATCHES, text(from), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  return open(found[2] and tonumber(found[2]), found[1])
end

-- Goes to the next place where jobs may be; false where there is none.
local function go_on()
  at = 0
  if alone or (not listed and name ~= '') then return false end
  listed = not listed
  return not listed or open_from(batch + 1)
end

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

-- What is kept of the part's jobs, and what their kinds are, by the bytes that name them.
local states, asked, lapses, holders, kinds = {}, {}, {}, {}, {}

local function read_part(ids)
  if #ids == 0 then return end
  local found
  found, lapses, holders = kept_of(ids)
  for index, id in ipairs(ids) do states[id], asked[id] = found[index], found[#ids + index] end
end

-- The kind of a job of this batch; false where it is to be looked at whole. The number of entries, the format and the digest
-- of the kind take eleven bytes.
local function kind_of(raw)
  local front = string.sub(raw, 1, 11)
  if kinds[front] == nil then
    local fine, h = pcall(read_asked, raw)
    kinds[front] = fine and #h[2] == 8 and h[3] == batch and call('HGET', kinds_key(batch), h[2])
  end
  return kinds[front]
end

-- Its format stands behind the number of its entries, which takes three bytes where there are more than 15.
local function is_of_this_format(state)
  return string.byte(state, string.byte(state, BEFORE_HEAD + 1) == 220 and 20 or 18) == FORMAT
end

-- Of a job as much as the filter needs, without taking it apart; nil where it is to be looked at whole. The client reads it.
local function glance(id, lapses_at)
  local state, fields = states[id], asked[id]
  local kind = fields and kind_of(fields)
  if not kind or (account and not state) or (state and not is_of_this_format(state)) then return nil end
  local seen = { status = QUEUED, flags = 0 }
  if state and (any_status or account or bought) then
    local fine, _, _, h = pcall(read_head, state)
    if not fine then return nil end
    seen.status, seen.flags, seen.account = h[8], h[9], h[4]
  elseif any_status and not pcall(read_asked, fields) then
    return nil
  end
  local worker = lapses_at and worker_of(holders[id]) or ''
  seen.entry = { id, lapses_at and tonumber(lapses_at) or 0, worker, state or '', fields, kind }
  return seen
end

-- The ids of the next part, with their lines; of jobs without one, their ages, from the last one on: those that leave the
-- set meanwhile make no other be passed over. And whether there are more.
local function part()
  local most = VISITS
  if not (any_status or any_row or account) then most = math.min(VISITS, limit) end
  if not listed then
    local found = call('ZRANGEBYSCORE', unlisted_key(batch), '(' .. text(at), '+inf', 'WITHSCORES', 'LIMIT', 0, VISITS)
    local ids, ages = {}, {}
    for index = 1, #found, 2 do
      ids[#ids + 1] = found[index]
      ages[#ids] = tonumber(found[index + 1])
    end
    -- Only results show what once asked for a job.
    local former = bought and #ids > 0 and call('HMGET', gone_key(batch), unpack(ids)) or {}
    return ids, former, ages, #ids == VISITS
  end
  local lines = call('LRANGE', lines_key(batch, integer(b[1])), at, at + most - 1)
  local ids = {}
  for index, line in ipairs(lines) do ids[index] = string.sub(line, 1, 16) end
  return ids, lines, {}, #ids == most
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

local found = open_from
if name ~= '' then found = function() return open(number_of(BATCHES, name), name) end end
if not found(number) then return answer(name == '', {}, skip, '', {}) end
-- It is another batch than the one that the walk was in.
if number ~= 0 and number ~= batch then listed, at = true, 0 end
local function here() return { batch, listed, at } end
for hop = 1, HOPS do
  if not is_hopeless() then break end
  if not go_on() then return answer(true, {}, skip, batch_name, {}) end
  if hop == HOPS then return answer(true, here(), skip, batch_name, {}) end
end
if listed and skip > 0 and not (any_status or any_row or account) then
  local lines = call('LLEN', lines_key(batch, integer(b[1])))
  local passed = math.min(skip, math.max(lines - at, 0))
  at, skip = at + passed, skip - passed
end
local ids, lines, ages, more = part()
local jobs = {}
if not any_row then read_part(ids) end
for index, id in ipairs(ids) do
  if #jobs == limit then return answer(true, here(), 0, batch_name, jobs) end
  at = ages[index] or at + 1
  local line = lines[index]
  local rec
  if not any_row or (line and any_row[row_of(line)]) then rec = glance(id, lapses[index]) or record(id) end
  if (rec and is_wanted(rec)) or (rec == false and is_shown_unread(id)) then
    if skip > 0 then
      skip = skip - 1
    else
      local shown = rec and (rec.entry or encode(rec)) or unreadable[id]
      jobs[#jobs + 1] = { shown, line or '', orphans_of(id), id }
    end
  end
end
local of = batch_name
return answer(true, (more or go_on()) and here() or {}, skip, of, jobs)
