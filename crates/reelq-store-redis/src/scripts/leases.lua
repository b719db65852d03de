-- Leases: giving them, ending them, and taking them back by time.

local RESCUED_AT_ONCE = 1000

-- What happened to the job: the newest entries, packed one behind the other.
local function write_history(rec, event, worker, reason)
  local entries = { cmsgpack.unpack(rec.history) }
  entries[#entries + 1] = { now, rec.status, event, worker, reason }
  rec.history = cmsgpack.pack(unpack(entries, math.max(1, #entries - HISTORY_KEPT + 1)))
end

-- `token`: of the claim that gives it, which is another one than all others; none where a change goes on with it.
local NO_TOKEN = 'changed '

local function hold(rec, worker, lasts, token)
  rec.worker, rec.holder, rec.was_held = worker, (token or NO_TOKEN) .. worker, false
  rec.lease_until = now + lasts
  zset(LEASES, rec.id, rec.lease_until)
  set(held_key(worker), rec.id, true)
end

-- Ends the lease; a job that still has work to be done on it is due at once unless it waits for something.
local function unlease(rec)
  if in_hand(rec) then
    zset(LEASES, rec.id, false)
    set(held_key(rec.worker), rec.id, false)
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

-- What stands of a lease on a job whose record is gone or cannot be read.
local function forget_lease(id)
  local holder = call('HGET', HOLDERS, id)
  call('ZREM', LEASES, id)
  call('HDEL', HOLDERS, id)
  if holder then call('SREM', held_key(worker_of(holder)), id) end
end

local function take_back(ids, why)
  if #ids == 0 then return 0 end
  prefetch(ids)
  local taken = 0
  for _, id in ipairs(ids) do
    local rec = record(id)
    if rec and in_hand(rec) then
      hand_back(rec, why)
      taken = taken + 1
    else
      forget_lease(id)
    end
  end
  flush()
  bring_news()
  return taken
end

-- Takes back leases whose time has passed.
local function rescue_expired()
  local ids = call('ZRANGEBYSCORE', LEASES, '-inf', now, 'LIMIT', 0, RESCUED_AT_ONCE)
  return take_back(ids, 'its time passed')
end
