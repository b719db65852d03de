-- Counters: what a record adds to its batch's and its account's sums. Booked off before a change and on after it, so
-- that the sums always equal what the records say. The rule is `reelq_store::rules::ledger`, once more.

-- A job whose line is gone is shown for as long as it moves, and for good where it was bought.
local function shown(rec)
  return rec.position ~= 0 or rec.status < SUCCEEDED or has(rec.flags, FLAGS.bought)
end

local function takes_a_place(rec)
  return rec.status == SUBMITTING or rec.status == RUNNING or (rec.status == QUEUED and in_hand(rec))
end

-- The name of the counter of listed (1) or other (0) jobs of a status.
local listed_count = remembered(function(status) return 'c:1:' .. status end)
local other_count = remembered(function(status) return 'c:0:' .. status end)

local function book_batch(rec, sign)
  local key = batch_key(rec.batch)
  local price = math.max(rec.price, 0)
  local queued = rec.status == QUEUED
  count(key, 'spent', sign * rec.spent)
  count(key, 'reserved', sign * rec.reserved)
  count(key, 'claimed', sign * (queued and in_hand(rec) and price or 0))
  count(key, 'to_spend', sign * (queued and price or 0))
  count(key, 'orphans', sign * one_if(has(rec.flags, FLAGS.orphan)))
  count(key, 'held', sign * one_if(queued and -rec.priority >= HELD_LEVEL))
  count(key, 'overdue', sign * one_if(has(rec.flags, FLAGS.overdue)))
  if shown(rec) then
    count(key, 'unpriced', sign * one_if(has(rec.flags, FLAGS.unpriced)))
    count(key, (rec.position ~= 0 and listed_count or other_count)(rec.status), sign)
  end
  if queued and not in_hand(rec) then count(prices_key(rec.batch), text(rec.price), sign) end
end

-- Of what was spent, the amount that was charged today; `days` holds days and amounts in turn.
local function spent_today(rec)
  local sum = 0
  for at = 1, #rec.days, 2 do
    if rec.days[at] == today then sum = sum + rec.days[at + 1] end
  end
  return sum
end

local function book_account(rec, sign)
  local key = account_key(rec.account)
  count(key, 'in_flight', sign * one_if(takes_a_place(rec)))
  count(key, 'spent', sign * rec.spent)
  count(key, 'reserved', sign * rec.reserved)
  count(key, 'claimed', sign * (rec.status == QUEUED and in_hand(rec) and math.max(rec.price, 0) or 0))
  later.days[key] = (later.days[key] or 0) + sign * spent_today(rec)
end

-- Books the record's figures on (`sign` 1) or off (-1).
local function book(rec, sign)
  book_batch(rec, sign)
  book_account(rec, sign)
  if rec.position == 0 and shown(rec) then zset(unlisted_key(rec.batch), rec.id, sign > 0 and rec.seq) end
  if rec.position == 0 and not shown(rec) then set(hidden_key(rec.batch), rec.id, sign > 0) end
  if rec.deadline ~= 0 then zset(deadlines_key(rec.batch), rec.id, sign > 0 and rec.deadline) end
end
