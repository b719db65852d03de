-- Commits under leases, many at once: of each job the client knows the record's header as its lease left it, and what becomes
-- of record, queue and sums. Where the header is still the same, byte for byte, the record is exchanged as it came, and its
-- job is not looked at. Whatever else is to be judged is left to change.lua: of such a job nothing is changed here.
--
-- ARGV[2]  { worker, shapes, jobs }
--            shapes   what many of the jobs have in common:
--                     { batch, account, sends, queue, wake, lasts, of_batch, of_account, days, ends, history, brings }
--                       sends    it is about to be sent: not where its batch is being cancelled, or the server is full
--                       queue    that it waits in; 0 for none
--                       wake     milliseconds until it is due; -1: never
--                       lasts    milliseconds for which the lease is kept; 0: it ends
--                       of_batch, of_account   field and number in turn: what is added to sums
--                       days     day and amount in turn, of what was spent
--                       ends     it ends with this
--                       history  { status, event, worker, reason } or false
--                       brings   its line comes with the lease that is kept: its outputs are to be fetched
--            jobs     flat, ten each: { id, shape, lease_until, deadline, header, tasks, front, middle, back, position }
--                       lease_until   of the lease, as the header has it
--                       deadline      of its first link to die; 0: it has none · -1: it has none any more
--                       header        as it is to stand in the record
--                       tasks         that it is charged for
--                       front, middle, back   the record to be: its due time belongs behind `front`, the end of its lease
--                                     behind `middle`, where the lease is kept
--                       position   of its line
-- Result   { now, answers, lines }: a letter a job: 1 done · 0 nothing was changed; and the packed lines that were to be brought

local FIELDS, NEVER = 10, -1
local worker, shapes, jobs = unpack(args)

local ids, keys, sends = {}, {}, false
for at = 1, #jobs, FIELDS do
  ids[#ids + 1] = jobs[at]
  keys[#keys + 1] = job_key(jobs[at])
end
for _, shape in ipairs(shapes) do sends = sends or shape[3] end
local is_full = sends and guard.is_full()
call('UNLINK', P .. 'room')

local is_cancelling = remembered(function(batch) return call('HEXISTS', batch_key(batch), 'cancelling') == 1 end)
for _, shape in ipairs(shapes) do
  shape.refused = shape[3] and (is_full or is_cancelling(shape[1]))
  shape.due = shape[5] == NEVER and 0 or now + shape[5]
  -- As texts: each number that is handed to a command would be written out anew.
  shape.due_packed, shape.due_text = cmsgpack.pack(shape.due), text(shape.due)
  shape.lease_until = shape[6] > 0 and now + shape[6] or 0
  shape.lease_packed = shape[6] > 0 and cmsgpack.pack(shape.lease_until) or ''
  shape.waits, shape.jobs = {}, 0
  local history = shape[11]
  shape.history = history and cmsgpack.pack({ now, history[1], history[2], history[3], history[4] })
end

-- Which job is charged for each task that is asked about, by account and task.
local owners = {}
local function read_owners()
  local asked = {}
  for at = 1, #jobs, FIELDS do
    local account = shapes[jobs[at + 1]][2]
    local list = asked[account] or {}
    asked[account] = list
    for _, task in ipairs(jobs[at + 5]) do list[#list + 1] = task end
  end
  for account, tasks in pairs(asked) do
    local of = {}
    owners[account] = of
    for first = 1, #tasks, AT_ONCE do
      local last = math.min(first + AT_ONCE - 1, #tasks)
      for index, owner in ipairs(call('HMGET', tasks_key(account), unpack(tasks, first, last))) do
        of[tasks[first + index - 1]] = owner
      end
    end
  end
end

local new_tasks = {}

-- Whether no other job is charged for one of these tasks. Those that are no one's are the job's from now on.
local function are_own(account, id, tasks)
  local of = owners[account]
  for _, task in ipairs(tasks) do
    if of[task] and of[task] ~= id then return false end
  end
  for _, task in ipairs(tasks) do
    if not of[task] then
      local list = new_tasks[account] or {}
      new_tasks[account], of[task] = list, id
      list[#list + 1] = task
      list[#list + 1] = id
    end
  end
  return true
end

local found = {}
for first = 1, #keys, AT_ONCE do
  for index, raw in ipairs(call('MGET', unpack(keys, first, math.min(first + AT_ONCE - 1, #keys)))) do
    found[first + index - 1] = raw
  end
end
read_owners()

local answers, records, ended, lapses, kept_at, lines = {}, {}, {}, {}, {}, {}
local function settle(at, index)
  local id, shape, header = jobs[at], shapes[jobs[at + 1]], jobs[at + 4]
  local raw = found[index]
  if not raw or shape.refused or jobs[at + 2] <= now or string.sub(raw, 1, #header) ~= header then return false end
  if kept_at[id] or not are_own(shape[2], id, jobs[at + 5]) then return false end
  kept_at[id] = true
  records[#records + 1] = keys[index]
  records[#records + 1] = jobs[at + 6] .. shape.due_packed .. jobs[at + 7] .. shape.lease_packed .. jobs[at + 8]
  if shape.lease_until > 0 then
    lapses[#lapses + 1] = text(shape.lease_until)
    lapses[#lapses + 1] = id
  else
    ended[#ended + 1] = id
  end
  local deadline = jobs[at + 3]
  if shape[4] ~= NONE then
    local waits = shape.waits
    waits[#waits + 1] = shape[4] == FETCH and text(deadline > 0 and deadline or NO_DEADLINE) or shape.due_text
    waits[#waits + 1] = id
  end
  if deadline > 0 then zset(deadlines_key(shape[1]), id, deadline) end
  if deadline < 0 then zset(deadlines_key(shape[1]), id, false) end
  if shape.history and call('RPUSH', history_key(id), shape.history) > HISTORY_KEPT then
    call('LTRIM', history_key(id), -HISTORY_KEPT, -1)
  end
  if shape[12] then
    lines[#lines + 1] =
      leased_line({ id = id, status = FETCHING, batch = shape[1], position = jobs[at + 9], lease_until = shape.lease_until })
  end
  shape.jobs = shape.jobs + 1
  return true
end

for index = 1, #ids do
  answers[index] = settle(1 + (index - 1) * FIELDS, index) and '1' or '0'
end

local function add_sums(key, sums, times)
  for at = 1, #sums, 2 do count(key, sums[at], sums[at + 1] * times) end
end

local function book(shape)
  add_sums(batch_key(shape[1]), shape[7], shape.jobs)
  add_sums(account_key(shape[2]), shape[8], shape.jobs)
  for at = 1, #shape[9], 2 do
    if shape[9][at] == today then
      local key = account_key(shape[2])
      later.days[key] = (later.days[key] or 0) + shape[9][at + 1] * shape.jobs
    end
  end
  if shape[10] then later.ends[batch_key(shape[1])] = now end
  if #shape.waits > 0 then
    local entry = text(shape[1])
    local key = queue_key(shape[4], shape[2], entry)
    in_pieces('ZADD', key, shape.waits)
    later.queues[key] = { index = index_key(shape[4], shape[2]), entry = entry }
  end
end

if #records > 0 then
  in_pieces('MSET', nil, records)
  in_pieces('ZREM', LEASES, ended)
  in_pieces('ZADD', LEASES, lapses)
  in_pieces('SREM', held_key(worker), ended)
  for account, list in pairs(new_tasks) do in_pieces('HSET', tasks_key(account), list) end
  for _, shape in ipairs(shapes) do
    if shape.jobs > 0 then book(shape) end
  end
  flush()
  bring_news()
end
return answer(table.concat(answers), lines)
