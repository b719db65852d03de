-- Takes due jobs in hand, as far as pauses, tokens, the cap and budgets allow; lapsed leases are taken back first.
--
-- ARGV[2]  { stage, account, limit, worker, lasts, batch, token }
--            stage   1 submit · 2 poll · 3 collect
--            lasts   milliseconds for which the leases last
--            batch   only of this batch; '' for any
--            token   tells a repeat of this very claim, whose answer was lost, from another one
-- Result   { now, leases, retry_in, withdrawn }; a lease is { version, cancel_requested, json }
--            retry_in   milliseconds; -1 where only news can bring work

local SUBMIT, POLL_STAGE, COLLECT = 1, 2, 3
local THROTTLED = 1
local PROMOTED_AT_ONCE = 500

local stage, account_name, limit, worker, lasts, batch_name, token = unpack(args)
local account, batch, desk
local NOTE_KEPT_MS = 120000

local function sooner(one, other)
  if one and other then return math.min(one, other) end
  return one or other
end

-- Indexes tell the batches that have something in a queue; a claim that is narrowed looks at its own alone.
local function queues_of(queue, latest, most)
  local index = index_key(queue, account)
  if batch then
    local first = call('ZSCORE', index, text(batch))
    return first and tonumber(first) <= latest and { text(batch) } or {}
  end
  return call('ZRANGEBYSCORE', index, '-inf', latest, 'LIMIT', 0, most)
end

-- The `most` first members of a kind of queue over all batches, by their scores. No more than `most` batches can have
-- one of them, for each that comes earlier in the index has an earlier member.
local function first_of(queue, latest, most)
  local found = {}
  for _, entry in ipairs(queues_of(queue, latest, most)) do
    local key = queue_key(queue, account, entry)
    local members = call('ZRANGEBYSCORE', key, '-inf', latest, 'WITHSCORES', 'LIMIT', 0, most)
    for at = 1, #members, 2 do found[#found + 1] = { id = members[at], score = tonumber(members[at + 1]) } end
  end
  table.sort(found, function(one, other) return one.score < other.score end)
  local ids = {}
  for at = 1, math.min(#found, most) do ids[at] = found[at].id end
  return ids
end

-- Milliseconds until the first of a kind of queue is due; nil where there is none.
local function next_due(queue)
  local index = index_key(queue, account)
  local first
  if batch then
    first = call('ZSCORE', index, text(batch))
  else
    first = call('ZRANGE', index, 0, 0, 'WITHSCORES')[2]
  end
  return first and math.max(tonumber(first) - now, 0)
end

-- Moves what waited for its time to where it can be claimed.
local function promote(queue)
  local ids = first_of(queue, now, PROMOTED_AT_ONCE)
  if #ids == 0 then return end
  prefetch(ids)
  for _, id in ipairs(ids) do
    local rec = record(id)
    dequeue(rec)
    enqueue(rec)
    save(rec)
  end
  flush()
end

-- The claim's own note: the leases that it gave, for a repeat whose first answer was lost.
local function note_key()
  return P .. 'c:' .. worker .. ':' .. stage .. ':' .. text(account)
end

local function wants_cancel(rec)
  return rec.cancel == 1 or (rec.cancel ~= 0 and rec.status == QUEUED)
end

local function give(ids)
  if #ids == 0 then return {} end
  local leases, versions = {}, {}
  prefetch(ids)
  for at, id in ipairs(ids) do
    local rec = record(id)
    lift(rec)
    rec.version = rec.version + 1
    rec.token = ''
    hold(rec, worker, lasts)
    set_down(rec)
    versions[at] = rec.version
    leases[at] = { rec.version, wants_cancel(rec), rec.json }
  end
  flush()
  call('ZADD', WORKERS, 'NX', now, worker)
  call('SET', note_key(), cmsgpack.pack({ token, ids, versions }), 'PX', NOTE_KEPT_MS)
  return leases
end

local function first_group()
  local index = index_key(READY, account)
  if not batch then return call('ZCARD', index) > 0 end
  for _, group in ipairs(call('ZRANGE', index, 0, -1)) do
    if tonumber(string.match(group, '^%d+')) == batch then return true end
  end
  return false
end

-- What each batch may still spend: false where it may not be worked on, huge where it has no budget.
local left = {}
local function money_left(number)
  if left[number] ~= nil then return left[number] end
  local b = call('HMGET', batch_key(number), 'whole', 'paused', 'settling', 'budget', 'spent', 'reserved', 'claimed')
  if b[1] ~= '1' or b[2] == '1' or b[3] then
    left[number] = false
  elseif not b[4] then
    left[number] = math.huge
  else
    left[number] = tonumber(b[4]) - integer(b[5]) - integer(b[6]) - integer(b[7])
  end
  return left[number]
end

-- Whether a price fits; under a budget a price that is not known never does.
local function affordable(number, price)
  local money = money_left(number)
  if not money then return false end
  return money == math.huge or (price >= 0 and price <= money)
end

-- Whether a list was left with entries that nobody has looked at: the next claim goes on there, at once.
local unswept = false

-- A group whose queue has nothing, as the index is to know it.
local function emptied(group)
  local priority = tonumber(string.match(group, '^%d+:%-?%d+:(%-?%d+):'))
  return { index = index_key(READY, account), entry = group, score = -priority, fresh = fresh_key(account, group) }
end

local function members(group, most, into)
  local number, price = string.match(group, '^(%d+):(-?%d+):')
  number, price = tonumber(number), tonumber(price)
  if (batch and number ~= batch) or not affordable(number, price) then return end
  unswept = not refill(account, group, most) or unswept
  local found = call('ZRANGE', queue_key(READY, account, group), 0, most - 1, 'WITHSCORES')
  if #found == 0 then flush_index(queue_key(READY, account, group), emptied(group)) end
  for at = 1, #found, 2 do
    into[#into + 1] = { id = found[at], seq = tonumber(found[at + 1]), batch = number, price = price }
  end
end

local function take(candidates, most, ids)
  table.sort(candidates, function(one, other) return one.seq < other.seq end)
  for _, candidate in ipairs(candidates) do
    if #ids < most and affordable(candidate.batch, candidate.price) then
      left[candidate.batch] = left[candidate.batch] - math.max(candidate.price, 0)
      ids[#ids + 1] = candidate.id
    end
  end
end

-- The first jobs in order of priority and age whose batches may be worked on and can pay for them.
local function ready(most)
  local ids = {}
  if most <= 0 then return ids end
  local groups = call('ZRANGE', index_key(READY, account), 0, -1, 'WITHSCORES')
  local at = 1
  while at <= #groups and #ids < most and not unswept do
    local level, candidates = groups[at + 1], {}
    while groups[at + 1] == level and at <= #groups do
      members(groups[at], most, candidates)
      at = at + 2
    end
    take(candidates, most, ids)
  end
  return ids
end

local function append(list, more)
  for _, each in ipairs(more) do list[#list + 1] = each end
end

local function keep_tat(field, tokens, given)
  if tokens and given > 0 then call('HSET', account_key(account), field, taken(tokens, given)) end
end

-- Submissions whose fate is open, then new ones.
local function submit()
  promote(WAITING)
  local tokens = bucket(desk.submit, desk.submit_tat)
  if tokens == false then return {}, nil end
  local most = tokens and available(tokens, limit) or limit
  -- A server that may have forgotten its last second sells nothing new until journals were held against it.
  local hold = integer(call('GET', HOLD_UNTIL)) - now
  local room = desk.cap and desk.cap - desk.in_flight or math.huge
  local ids = first_of(REPLAY, now, most)
  if hold <= 0 then append(ids, ready(math.min(most - #ids, room))) end
  local leases = give(ids)
  keep_tat('submit_tat', tokens, #ids)
  if #ids > 0 then call('HINCRBY', account_key(account), 'tokens', #ids) end
  if #ids == limit then return leases, nil end
  local wait = tokens and next_in(tokens, #ids)
  local due = sooner(next_due(REPLAY), next_due(WAITING))
  if due and wait then due = math.max(due, wait) end
  if hold > 0 and room > #ids and first_group() then return leases, sooner(due, hold) end
  if wait and #ids == most and room > #ids and first_group() then due = sooner(due, wait) end
  return leases, unswept and 0 or due
end

-- Tasks that are due, the most overdue first.
local function poll()
  local tokens = bucket(desk.poll, desk.poll_tat)
  if tokens == false then return {}, nil end
  local ids = first_of(POLL, now, tokens and available(tokens, limit) or limit)
  local leases = give(ids)
  keep_tat('poll_tat', tokens, #ids)
  if #ids == limit then return leases, nil end
  local due = next_due(POLL)
  return leases, due and tokens and math.max(due, next_in(tokens, #ids)) or due
end

-- Outputs that are due, the earliest link deadline first.
local function collect()
  promote(FETCH_LATER)
  local ids = first_of(FETCH, NO_DEADLINE, limit)
  local leases = give(ids)
  if #ids == limit then return leases, nil end
  return leases, next_due(FETCH_LATER)
end

-- When the pauses end that hold this kind of work: nil where none does, -1 where a person must end one.
local function held_until()
  local latest
  for kind = 1, 3 do
    local pause = desk.pauses[kind]
    local holds_this = stage == SUBMIT or (stage == POLL_STAGE and kind == THROTTLED)
    if pause and holds_this then
      local ends = cmsgpack.unpack(pause)[3]
      if ends == 0 then
        latest = -1
      elseif ends > now and latest ~= -1 then
        latest = math.max(latest or 0, ends)
      end
    end
  end
  return latest
end

-- The configured interval, or the learned one: where that is slower, or where the configured one is only a beginning.
local function paced(submit, learned, is_open)
  learned = learned and cmsgpack.unpack(learned)
  if not submit or submit[3] == 0 or not learned or not learned[1] then return submit end
  if is_open or before(submit, learned) then return { learned[1], learned[2], submit[3] } end
  return submit
end

-- The configured cap, or the learned one, in the same way.
local function capped(cap, learned, is_open)
  if not cap or learned == 0 then return cap end
  return is_open and learned or math.min(cap, learned)
end

local function read_desk()
  local a = call('HMGET', account_key(account), 'in_flight', 'cap', 'submit', 'submit_tat', 'poll', 'poll_tat', 'pause:1',
    'pause:2', 'pause:3', 'learned_submit', 'learned_cap', 'open_rate', 'open_cap')
  desk = {
    in_flight = integer(a[1]), cap = capped(a[2] and tonumber(a[2]), integer(a[11]), a[13] == '1'),
    submit = paced(a[3] and cmsgpack.unpack(a[3]), a[10], a[12] == '1'), submit_tat = a[4],
    poll = a[5] and cmsgpack.unpack(a[5]), poll_tat = a[6], pauses = { a[7], a[8], a[9] },
  }
end

local function given_before()
  local note = call('GET', note_key())
  note = note and cmsgpack.unpack(note)
  if not note or note[1] ~= token then return nil end
  local leases = {}
  prefetch(note[2])
  for at, id in ipairs(note[2]) do
    local rec = record(id)
    if holds(rec, note[3][at]) then
      leases[#leases + 1] = { rec.version, wants_cancel(rec), rec.json }
    end
  end
  return leases
end

local function found_names()
  account = number_of(ACCOUNTS, account_name)
  if batch_name == '' then return account end
  batch = number_of(BATCHES, batch_name)
  return account and batch
end

local function claim()
  if not found_names() or limit == 0 then return {}, nil end
  local again = given_before()
  if again then return again, nil end
  read_desk()
  local ends = held_until()
  if ends then return {}, ends ~= -1 and ends - now or nil end
  if stage == SUBMIT then return submit() end
  if stage == POLL_STAGE then return poll() end
  return collect()
end

rescue_expired()
local leases, retry_in = claim()
return answer(leases, retry_in or -1, to_withdraw())
