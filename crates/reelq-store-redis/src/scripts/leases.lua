-- Leases: giving them, ending them, and taking them back by time.

local RESCUED_AT_ONCE = 1000

-- What happened to the job: the newest entries, packed one behind the other.
local function write_history(rec, event, worker, reason)
  local entries = { cmsgpack.unpack(rec.history) }
  entries[#entries + 1] = { now, rec.status, event, worker, reason }
  rec.history = cmsgpack.pack(unpack(entries, math.max(1, #entries - HISTORY_KEPT + 1)))
end

-- Where it is noted who has the job.
local function hands_key(rec)
  return (follow.has(rec) and follow.jobs_key or held_key)(rec.worker)
end

-- In place of the eight bytes that a claim gives its leases: a change goes on with this one.
local NO_TOKEN = 'changed '

-- Keeps the job in its worker's hand until then.
local function hold(rec, lease_until)
  set(hands_key(rec), rec.id, false)
  rec.holder, rec.was_held, rec.lease_until = NO_TOKEN .. rec.worker, false, lease_until
  zset(LEASES, rec.id, lease_until)
  set(hands_key(rec), rec.id, true)
end

-- Ends the lease; a job that still has work to be done on it is due at once unless it waits for something.
local function unlease(rec)
  if in_hand(rec) then
    zset(LEASES, rec.id, false)
    set(hands_key(rec), rec.id, false)
  end
  rec.worker = ''
  rec.lease_until = 0
  local moves = rec.status <= FETCHING and rec.status ~= UNCONFIRMED
  if rec.due == 0 and moves and not has(rec.flags, FLAGS.parked) then rec.due = now end
end

-- Ends one lease without an event of its holder: `reelq_store::transition::hand_back`, once more.
local function hand_back(rec, why)
  lift(rec)
  rec.version = rec.version + 1
  rec.token = ''
  unlease(rec)
  if why then write_history(rec, 'lease_ended', '', why) end
  set_down(rec)
end

-- Notes for the worker that follows the job that it is taken from it.
local function note_taken(rec)
  if follow.has(rec) then field(follow.taken_key(rec.worker), rec.id, text(rec.version)) end
end

-- What stands of a lease on a job whose record is gone or cannot be read.
local function forget_lease(id)
  local holder = call('HGET', HOLDERS, id)
  call('ZREM', LEASES, id)
  call('HDEL', HOLDERS, id)
  local worker = worker_of(holder)
  if worker then
    call('SREM', held_key(worker), id)
    call('SREM', follow.jobs_key(worker), id)
  end
end

-- `whose`: only what this worker has in hand; none for what anyone has.
local function take_back(ids, why, whose)
  if #ids == 0 then return 0 end
  prefetch(ids)
  local taken = 0
  for _, id in ipairs(ids) do
    local rec = record(id)
    if not rec or not in_hand(rec) then
      forget_lease(id)
    elseif not whose or rec.worker == whose then
      hand_back(rec, why)
      taken = taken + 1
    end
  end
  flush()
  bring_news()
  return taken
end

-- Takes back a part of what stands under one of a worker's keys; how many are left there.
local function take_back_of(worker, key, why, most)
  local ids = call('SRANDMEMBER', key, most)
  take_back(ids, why, worker)
  in_pieces('SREM', key, ids)
  return call('SCARD', key), #ids
end

local function forget_follower(worker)
  call('ZREM', follow.WORKERS, worker)
  call('UNLINK', follow.taken_key(worker))
end

-- Takes back what a worker follows that was not heard in time, a piece at a time: how many that were. Nothing is told to it: it
-- learns that all has ended.
local function rescue_of_follower(worker, most)
  local left, taken = take_back_of(worker, follow.jobs_key(worker), 'its worker was not heard', most)
  if left == 0 then forget_follower(worker) end
  return taken, left == 0
end

-- Takes back leases whose time has passed, and what workers follow whose time has.
local function rescue_expired()
  local ids = call('ZRANGEBYSCORE', LEASES, '-inf', now, 'LIMIT', 0, RESCUED_AT_ONCE)
  local taken = take_back(ids, 'its time passed')
  for _, worker in ipairs(call('ZRANGEBYSCORE', follow.WORKERS, '-inf', now, 'LIMIT', 0, RESCUED_AT_ONCE)) do
    if taken >= RESCUED_AT_ONCE then break end
    taken = taken + rescue_of_follower(worker, RESCUED_AT_ONCE - taken)
  end
  return taken
end
