-- Commits under leases, many at once: of each job the client knows who holds it as its lease was given, and what becomes of its
-- state, its queue and of sums. Where the holder is still the same the state is exchanged as it came, and nothing of the job is
-- looked at: whatever changes a job beside its lease changes its holder. Whatever else is to be judged is left to change.lua: of
-- such a job nothing is changed here.
--
-- ARGV[2]  { worker, shapes, jobs }
--            shapes   what many of the jobs have in common:
--                     { batch, account, sends, queue, lasts, of_batch, of_account, days, ends, brings, followed }
--                       sends    it is about to be sent: not where its batch is being cancelled, or the server is full
--                       queue    that it waits in; 0 for none
--                       lasts    milliseconds for which the lease is kept; 0: it ends · -1: the task stays with its worker, not
--                                where that one follows no tasks
--                       of_batch, of_account   field and number in turn: what is added to sums
--                       days     day and amount in turn, of what was spent
--                       ends     it ends with this
--                       brings   its line comes with the lease that is kept: its outputs are to be fetched
--                       followed its worker followed the task until now
--            jobs     flat, eight each: { id, shape, holder, next, wake, deadline, task, position }
--                       holder     as it is to be
--                       next       holder of the lease that is kept
--                       wake       milliseconds until it is due; -1: never
--                       deadline   of its first link to die; 0: it has none · -1: it has none any more
--                       task       that it is charged for; '' for none, and for one that it is known to be charged for
--                       position   of its line
-- ARGV[4]  and on: the state that each job is to have, from behind its due time; not packed, for long texts are dear to pack
-- Result   { now, answers, lines }: a letter a job: 1 done · 0 nothing was changed; and the packed lines that were to be brought

local FIELDS, NEVER, BEFORE_STATES, FOLLOWS = 8, -1, 3, -1
local worker, shapes, jobs = unpack(args)

local ids, sends, follows = {}, false, false
for at = 1, #jobs, FIELDS do ids[#ids + 1] = jobs[at] end
for _, shape in ipairs(shapes) do
  sends, follows = sends or shape[3], follows or shape[5] == FOLLOWS
end
local is_full, may_follow = sends and guard.is_full(), follows and follow.is_open(worker)
call('UNLINK', P .. 'room')

local is_cancelling = remembered(function(batch) return call('HEXISTS', batch_key(batch), 'cancelling') == 1 end)
for _, shape in ipairs(shapes) do
  shape.follows = shape[5] == FOLLOWS
  shape.refused = (shape[3] and (is_full or is_cancelling(shape[1]))) or (shape.follows and not may_follow)
  shape.lease_until = shape.follows and follow.UNTIL or shape[5] > 0 and now + shape[5] or 0
  -- As a text: each number that is handed to a command would be written out anew.
  shape.lapses_at = text(shape.lease_until)
  shape.waits, shape.links, shape.dead_links, shape.ids = {}, {}, {}, {}
end
local due_in = remembered(function(wake) return string.format('%015.0f', wake == NEVER and 0 or now + wake) end)

-- Which job is charged for each task that is asked about, by account and task.
local owners = {}
local function read_owners()
  local asked = {}
  for at = 1, #jobs, FIELDS do
    if jobs[at + 6] ~= '' then
      local account = shapes[jobs[at + 1]][2]
      local list = asked[account] or {}
      asked[account], list[#list + 1] = list, jobs[at + 6]
    end
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

-- Whether no other job is charged for the task. One that is no one's is the job's from now on.
local function is_own(account, id, task)
  local owner = owners[account][task]
  if owner then return owner == id end
  local list = new_tasks[account] or {}
  new_tasks[account], owners[account][task] = list, id
  list[#list + 1] = task
  list[#list + 1] = id
  return true
end

local holders = call('HMGET', HOLDERS, unpack(ids))
-- Where no lease has lapsed, all of them last.
local lapses = call('ZCOUNT', LEASES, '-inf', now) > 0 and call('ZMSCORE', LEASES, unpack(ids))
read_owners()

local function score_in(queue, due, deadline)
  if queue == FOLLOWED then return 0 end
  return queue == FETCH and text(deadline > 0 and deadline or NO_DEADLINE) or due
end

local answers, states, ended, kept_until, next_holders, seen, lines = {}, {}, {}, {}, {}, {}, {}
local function settle(at, index)
  local id, shape, task = jobs[at], shapes[jobs[at + 1]], jobs[at + 6]
  if holders[index] ~= jobs[at + 2] or shape.refused or seen[id] then return false end
  if lapses and tonumber(lapses[index] or 0) <= now then return false end
  if task ~= '' and not is_own(shape[2], id, task) then return false end
  seen[id] = true
  local due, deadline = due_in(jobs[at + 4]), jobs[at + 5]
  states[#states + 1] = state_key(id)
  states[#states + 1] = due .. ARGV[BEFORE_STATES + index]
  if shape.lease_until > 0 then
    kept_until[#kept_until + 1] = shape.lapses_at
    kept_until[#kept_until + 1] = id
    next_holders[#next_holders + 1] = id
    next_holders[#next_holders + 1] = jobs[at + 3]
  else
    ended[#ended + 1] = id
  end
  if shape[4] ~= NONE then
    local waits = shape.waits
    waits[#waits + 1] = score_in(shape[4], due, deadline)
    waits[#waits + 1] = id
  end
  if deadline > 0 then
    shape.links[#shape.links + 1] = deadline
    shape.links[#shape.links + 1] = id
  elseif deadline < 0 then
    shape.dead_links[#shape.dead_links + 1] = id
  end
  if shape[10] then
    lines[#lines + 1] =
      leased_line({ id = id, status = FETCHING, batch = shape[1], position = jobs[at + 7], lease_until = shape.lease_until })
  end
  shape.ids[#shape.ids + 1] = id
  return true
end

for index = 1, #ids do
  answers[index] = settle(1 + (index - 1) * FIELDS, index) and '1' or '0'
end

local sums, spent_today, queues = {}, {}, {}

local function note_queue(queue, account, batch)
  local entry = text(batch)
  local key = queue_key(queue, account, entry)
  queues[key] = { index = index_key(queue, account), entry = entry }
  return key
end

-- Notes where the jobs are in hand from now on, where that is another place than before.
local function move_hands(shape)
  if shape[11] == shape.follows then
    if shape.lease_until == 0 then in_pieces('SREM', held_key(worker), shape.ids) end
    return
  end
  if shape.follows then
    in_pieces('SREM', held_key(worker), shape.ids)
    in_pieces('SADD', follow.jobs_key(worker), shape.ids)
    return
  end
  in_pieces('SREM', follow.jobs_key(worker), shape.ids)
  in_pieces('ZREM', note_queue(FOLLOWED, shape[2], shape[1]), shape.ids)
  if shape.lease_until > 0 then in_pieces('SADD', held_key(worker), shape.ids) end
end

local function add_sums(key, list, times)
  local of = sums[key] or {}
  sums[key] = of
  for at = 1, #list, 2 do of[list[at]] = (of[list[at]] or 0) + list[at + 1] * times end
end

local function book(shape)
  add_sums(batch_key(shape[1]), shape[6], #shape.ids)
  add_sums(account_key(shape[2]), shape[7], #shape.ids)
  for at = 1, #shape[8], 2 do
    if shape[8][at] == today then
      local key = account_key(shape[2])
      spent_today[key] = (spent_today[key] or 0) + shape[8][at + 1] * #shape.ids
    end
  end
  if shape[9] then call('HSET', batch_key(shape[1]), 'ended_at', now) end
  in_pieces('ZADD', deadlines_key(shape[1]), shape.links)
  in_pieces('ZREM', deadlines_key(shape[1]), shape.dead_links)
  if #shape.waits > 0 then in_pieces('ZADD', note_queue(shape[4], shape[2], shape[1]), shape.waits) end
  move_hands(shape)
end

if #states > 0 then
  in_pieces('MSET', nil, states)
  in_pieces('ZREM', LEASES, ended)
  in_pieces('HDEL', HOLDERS, ended)
  in_pieces('ZADD', LEASES, kept_until)
  in_pieces('HSET', HOLDERS, next_holders)
  for account, list in pairs(new_tasks) do in_pieces('HSET', tasks_key(account), list) end
  for _, shape in ipairs(shapes) do
    if #shape.ids > 0 then book(shape) end
  end
  for key, of in pairs(sums) do
    for field, by in pairs(of) do
      if by ~= 0 then add_up(key, field, by) end
    end
  end
  for key, by in pairs(spent_today) do flush_day(key, by) end
  for key, queue in pairs(queues) do flush_index(key, queue) end
  bring_news()
end
return answer(table.concat(answers), lines)
