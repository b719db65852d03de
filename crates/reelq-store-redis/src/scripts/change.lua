-- Changes jobs by compare-and-set: commits under a lease, people's edits, late acceptances, withdrawals. What a job
-- becomes is worked out by the client; here it is judged whether that still holds, and everything moves together.
--
-- ARGV[2]  a list of changes, each
--          { id, guard, version, token, facts, json, wake, lasts, wish, history, parent, tasks }
--            guard    HELD: the lease of `version` holds · FREE: `version`, leased to no one · AT: `version`
--                     SEND: as HELD, and no one wants the job cancelled · NEW: there is no such record yet
--            token    tells a repeat of this very change, whose answer was lost, from another one
--            facts    { status, flags, price, spent, reserved, deadline, days } of the changed job;
--                     days: of what was spent, day and amount in turn
--            json     the changed job, without what was asked for
--            wake     milliseconds until it is due; -1: never
--            lasts    milliseconds for which the lease is kept; 0: it ends · -1: the task stays with its worker, where that one
--                     follows tasks
--            wish     1 drops a person's wish to cancel, 2 that of a line that is gone, 3 both
--            history  { event, worker, reason } or false
--            parent   for NEW: the id of the job that it belongs beside, at `version`; else ''
--            tasks    that it is charged for; empty where it is known that another job is, too
-- Result   { now, answers, withdrawn }; an answer is { word, version, cancel, in_hand, twin, line }
--            word     0 done · 1 stale: nothing was changed, or the server is full and the job was given back
--                     2 refused: to be withdrawn before it is sent
--                     3 its batch is being purged, and the job would not end with the change
--            twin     the id of another job that is charged for the same task; else ''
--            line     the packed line that goes with a lease that was kept; else ''

local HELD, FREE, AT, SEND, NEW = 0, 1, 2, 3, 4
local DONE, STALE, UNWANTED, PURGING = 0, 1, 2, 3
local NEVER, FOLLOWS = -1, -1

local function read(list)
  return {
    id = list[1], guard = list[2], version = list[3], token = list[4], facts = list[5], json = list[6], wake = list[7],
    lasts = list[8], wish = list[9], history = list[10], parent = list[11], tasks = list[12],
  }
end

local function is_requested(rec)
  return rec.cancel == 1 or (rec.cancel ~= 0 and rec.status == QUEUED)
end

local function done(rec)
  return { DONE, rec.version, is_requested(rec), in_hand(rec), rec.twin or '', leased_line(rec) }
end

-- Whether this very change was made before and only its answer was lost.
local function is_repeat(rec, change)
  return rec and rec.version == change.version + 1 and rec.token == change.token
end

local function may(rec, change)
  if change.guard == HELD or change.guard == SEND then return holds(rec, change.version) end
  if not rec or rec.version ~= change.version then return false end
  return change.guard == AT or not in_hand(rec)
end

local function write_facts(rec, change)
  local facts = change.facts
  rec.status, rec.flags, rec.price = facts[1], facts[2], facts[3]
  rec.spent, rec.reserved, rec.deadline, rec.days = facts[4], facts[5], facts[6], facts[7]
  rec.json = change.json
end

local function write_wish(rec, change)
  if rec.cancel ~= 0 and has(change.wish, rec.cancel) then rec.cancel = 0 end
end

local function write_due(rec, change)
  rec.due = change.wake == NEVER and 0 or now + change.wake
end

-- Notes the tasks of a job whose facts are written, and marks it where it is not the only one charged for them.
local function share(rec, tasks)
  local twin, task = purchases.twin_of(rec.account, rec.id, tasks)
  if not twin then return end
  rec.twin = twin
  purchases.mark_twin(rec, twin)
  write_history(rec, 'shares_task', '', 'job ' .. purchases.hex(twin) .. ' is charged for task ' .. task .. ', too')
end

-- What becomes of the lease. One that would be followed ends where its worker follows nothing.
local function write_lease(rec, change)
  local may_stay = rec.status ~= QUEUED or rec.cancel == 0
  if change.lasts > 0 and may_stay then
    hold(rec, now + change.lasts)
  elseif change.lasts == FOLLOWS and follow.is_open(rec.worker) then
    hold(rec, follow.UNTIL)
  else
    unlease(rec)
  end
end

local function move(rec, change)
  -- A person may have exchanged its task, or taken it back.
  if change.history and change.history[1] == 'resolved' then purchases.forget(rec) end
  if change.guard ~= HELD and change.guard ~= SEND then note_taken(rec) end
  lift(rec)
  rec.version = rec.version + 1
  rec.token = change.token
  write_facts(rec, change)
  write_wish(rec, change)
  write_due(rec, change)
  write_lease(rec, change)
  if change.history then write_history(rec, unpack(change.history)) end
  share(rec, change.tasks)
  set_down(rec)
end

-- Puts a record beside its parent that no manifest asked for: the charge that no one expected.
local function insert(parent, change)
  local rec = {
    id = change.id, version = 1, batch = parent.batch, account = parent.account, load = parent.load,
    seq = call('INCR', SEQUENCE), position = 0, queue = NONE, cancel = 0, priority = parent.priority, lease_until = 0,
    worker = '', token = change.token, history = '',
  }
  rec.asked = write_asked(parent.asked, { [4] = rec.load, [5] = rec.seq, [6] = 0 })
  later.records[asked_key(rec.id)] = rec.asked
  write_facts(rec, change)
  write_due(rec, change)
  local _, worker, reason = unpack(change.history)
  write_history(rec, unpack(change.history))
  write_history(parent, 'second_charge', worker, reason)
  save(parent)
  call('SADD', orphans_key(parent.id), rec.id)
  share(rec, change.tasks)
  set_down(rec)
  return done(rec)
end

-- Whether a job that is about to be sent is to be withdrawn: by its own wish, or by that of its whole batch.
local is_cancelling = remembered(function(batch) return call('HEXISTS', batch_key(batch), 'cancelling') == 1 end)
local function is_unwanted(rec)
  if rec.status == QUEUED and rec.cancel == 0 and is_cancelling(rec.batch) then rec.cancel = 1 end
  return rec.cancel ~= 0 and rec.status == QUEUED
end

-- Whether a job is to be given back because the server is full: nothing new is bought there.
local refuses = { sends = false, any = false }
local function is_refused(rec, change)
  if not refuses.sends or change.guard ~= SEND or rec.status ~= QUEUED then return false end
  refuses.any = true
  return true
end

local function one(change)
  local rec = known(change.id)
  if change.guard == NEW then
    local parent = known(change.parent)
    if rec then return { rec.token == change.token and DONE or STALE, 1, false, false, '', '' } end
    if not parent or parent.version ~= change.version then return { STALE, 0, false, false, '', '' } end
    return insert(parent, change)
  end
  if is_repeat(rec, change) then return done(rec) end
  if not may(rec, change) then return { STALE, 0, false, false, '', '' } end
  -- A part of the batch is gone: what is left of it may end, and is not brought back to life.
  local lives_on = change.guard == FREE and change.facts[1] < SUCCEEDED
  if lives_on and call('HEXISTS', batch_key(rec.batch), 'purging') == 1 then
    return { PURGING, rec.version, false, false, '', '' }
  end
  if change.guard == SEND and is_unwanted(rec) then
    hand_back(rec, nil)
    return { UNWANTED, rec.version, true, false, '', '' }
  end
  if is_refused(rec, change) then
    hand_back(rec, nil)
    return { STALE, 0, false, false, '', '' }
  end
  move(rec, change)
  return done(rec)
end

local ids, sends = {}, false
for at, list in ipairs(args) do
  ids[at] = list[1]
  sends = sends or list[2] == SEND
end
-- On a full server nothing new is bought, and what was paid for is kept, also where both come together: see room.lua.
refuses.sends = sends and guard.is_full()
call('UNLINK', P .. 'room')
prefetch(ids)
local answers, changed = {}, false
for at, list in ipairs(args) do
  answers[at] = one(read(list))
  changed = changed or answers[at][1] ~= STALE
end
flush()
if changed or refuses.any then bring_news() end
return answer(answers, withdrawn)
