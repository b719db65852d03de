-- Queues: where a job waits that no worker holds. Each account has an index of its queues that are not empty, so
-- that a claim reads only what it takes, however many jobs wait.


-- Which queue a job belongs to that stands as this one does: `reelq_store::rules::queue`, once more.
local function queue_for(rec)
  if follow.has(rec) then return FOLLOWED end
  if in_hand(rec) or has(rec.flags, FLAGS.parked) then return NONE end
  if rec.status == QUEUED and rec.cancel ~= 0 then return TO_WITHDRAW end
  if rec.due == 0 then return NONE end
  local later_on = rec.due > now
  if rec.status == QUEUED then return later_on and WAITING or READY end
  if rec.status == SUBMITTING then return REPLAY end
  if rec.status == RUNNING then return POLL end
  if rec.status == FETCHING then return later_on and FETCH_LATER or FETCH end
  return NONE
end

-- How the index names and orders a queue; once a script is enough for each.
local function note_queue(key, rec, entry)
  if later.queues[key] then return end
  local queue = { index = index_key(rec.queue, rec.account), entry = entry }
  if rec.queue == READY then
    queue.score, queue.fresh = -rec.priority, fresh_key(rec.account, entry)
  end
  later.queues[key] = queue
end

-- The key of the queue that the record says it is in; the index learns of it.
local function place(rec)
  local entry = rec.queue == READY and group_of(rec) or text(rec.batch)
  local key = queue_key(rec.queue, rec.account, entry)
  note_queue(key, rec, entry)
  return key
end

-- By what the members of its queue are ordered.
local function score_of(rec)
  if rec.queue == READY then return rec.seq end
  if rec.queue == FOLLOWED then return 0 end
  if rec.queue == FETCH then return rec.deadline ~= 0 and rec.deadline or NO_DEADLINE end
  return rec.due
end

local function dequeue(rec)
  if rec.queue == TO_WITHDRAW then
    set(WITHDRAW, rec.id, false)
  elseif rec.queue ~= NONE then
    zset(place(rec), rec.id, false)
  end
  rec.queue = NONE
end

-- Jobs that this script sent back to be withdrawn: a person wants them cancelled, or their line is gone.
local withdrawn = {}

local function enqueue(rec)
  rec.queue = queue_for(rec)
  if rec.queue == TO_WITHDRAW then
    set(WITHDRAW, rec.id, true)
    withdrawn[#withdrawn + 1] = rec.id
  elseif rec.queue ~= NONE then
    zset(place(rec), rec.id, score_of(rec))
  end
end

-- Takes a record out of its queue and off the books; every change begins so, before it touches a field.
local function lift(rec)
  rec.moved = rec.status < SUCCEEDED
  dequeue(rec)
  book(rec, -1)
end

-- Puts a changed record on the books and into the queue that it now belongs to.
local function set_down(rec)
  enqueue(rec)
  book(rec, 1)
  save(rec)
  if rec.moved and rec.status >= SUCCEEDED then later.ends[batch_key(rec.batch)] = now end
end
