-- Shopping: what an account's pauses, tokens, cap and budgets let a claim take, whose turn it is, and when to ask again.

-- One table, for a script can have no more than 200 names.
local shop = (function()

local SUBMIT = 1
local PAGE = 16

local stage, account_name, limit, _, _, batch_name = unpack(args)
local account, batch, desk, limits_missing
-- The batches of which nothing new is taken, by number; how many they are; and whether anything new is taken at all.
local aside = { batches = {}, count = 0, buys = args[9] ~= 1 }
-- What is paid for is followed on a full server, too; nothing new is bought on one. See room.lua.
aside.full = stage == SUBMIT and guard.is_full()
call('UNLINK', P .. 'room')

-- Where the jobs of this claim were found: queue, key and entry in the index.
local origins = {}

-- No leases.
local function none()
  return { ids = {}, states = {}, lines = {} }
end

local function sooner(one, other)
  if one and other then return math.min(one, other) end
  return one or other
end

local function queues_of(queue, latest, most)
  return queued.queues_of(account, batch, queue, latest, most)
end

-- The same without the batches of which nothing new is taken.
function aside.queues_of(queue, latest, most)
  if aside.count == 0 then return queues_of(queue, latest, most) end
  local found = {}
  for _, entry in ipairs(queues_of(queue, latest, most + aside.count)) do
    if not aside.batches[tonumber(entry)] and #found < most then found[#found + 1] = entry end
  end
  return found
end

-- The `most` first members of a kind of queue.
local function first_of(queue, latest, most, queues)
  return queued.first_of(account, queue, (queues or queues_of)(queue, latest, most), latest, most, origins)
end

local function next_due(queue)
  return queued.soonest(account, batch, queue)
end

-- The same without the batches of which nothing new is taken.
function aside.next_due(queue)
  if aside.count == 0 then return next_due(queue) end
  if batch then return not aside.batches[batch] and next_due(queue) or nil end
  local queues = call('ZRANGE', index_key(queue, account), 0, aside.count, 'WITHSCORES')
  for at = 1, #queues, 2 do
    if not aside.batches[tonumber(queues[at])] then return math.max(tonumber(queues[at + 1]) - now, 0) end
  end
  return nil
end

local function first_group()
  local index = index_key(READY, account)
  if not batch and aside.count == 0 then return call('ZCARD', index) > 0 end
  for _, group in ipairs(call('ZRANGE', index, 0, -1)) do
    local number = tonumber(string.match(group, '^%d+'))
    if not aside.batches[number] and (not batch or number == batch) then return true end
  end
  return false
end

-- What the account's budgets have left, in all and for the day.
local purse
local function open_purse()
  local set_aside = desk.reserved + desk.claimed
  purse = { total = rest(desk.budget, desk.spent + set_aside), today = rest(desk.daily, desk.spent_today + set_aside) }
end

-- What each job adds to its batch's pass: one doubling of the batch's share for each step of priority, from -4 to 4.
-- The rule is `reelq_limits::stride`, once more; the turns are those of `reelq_limits::fair_queue`.
local function stride_of(priority)
  return math.pow(2, 4 - math.max(-4, math.min(4, priority)))
end

-- A batch that may be worked on and has jobs ready; false where it may not.
local function open_head(number)
  local open, left, draft = open_batch(number)
  if not open then return false end
  local pass = integer(call('HGET', passes_key(account), text(number)))
  -- A draft that cannot be read says nothing of its priority.
  local fine, read = pcall(cjson.decode, draft)
  local priority = fine and type(read) == 'table' and kept.number(read.priority, 0) or 0
  -- One that did not wait for a while begins at the present virtual time: nothing is saved up.
  return {
    batch = number, start = math.max(pass, desk.turn), stride = stride_of(priority),
    left = left, groups = {}, held_by_day = false,
  }
end

-- Where the jobs of a group are found.
local function origin_of(group)
  return {
    queue = READY, key = queue_key(READY, account, group.name), index = index_key(READY, account), entry = group.name,
    score = group.level, fresh = fresh_key(account, group.name),
  }
end

-- The batches with jobs that are ready, each with its groups by priority. The index has them by priority.
local function open_heads()
  local heads, by_batch = {}, {}
  local groups = call('ZRANGE', index_key(READY, account), 0, -1, 'WITHSCORES')
  for at = 1, #groups, 2 do
    local number, price = batch_and_price(groups[at])
    if not aside.batches[number] and (not batch or number == batch) then
      if by_batch[number] == nil then
        by_batch[number] = open_head(number)
        if by_batch[number] then heads[#heads + 1] = by_batch[number] end
      end
      local head = by_batch[number]
      local group = { name = groups[at], price = price, level = tonumber(groups[at + 1]), from = 0, last = 0, page = {}, at = 1 }
      group.origin = origin_of(group)
      if head then head.groups[#head.groups + 1] = group end
    end
  end
  return heads
end

-- Whether the batch and the account can pay for a job of this price.
local function can_pay(head, price)
  if not covers(head.left, price) or not covers(purse.total, price) then return false end
  if covers(purse.today, price) then return true end
  head.held_by_day = head.held_by_day or covers(desk.daily, price)
  return false
end

-- Whether a list was left with entries that no one has looked at: the next claim goes on there, at once.
local unswept = false

-- The next job of a group, read in pages; nil where it has no more.
local function peek(group)
  if group.at > #group.page then
    local key = queue_key(READY, account, group.name)
    unswept = not refill(account, group.name, group.from + PAGE) or unswept
    -- From the last age on, not by rank: filling the queue up may have put older jobs before what was read.
    group.page = call('ZRANGEBYSCORE', key, '(' .. text(group.last), '+inf', 'WITHSCORES', 'LIMIT', 0, PAGE)
    if #group.page == 0 and group.from == 0 then flush_index(key, group.origin) end
    group.from, group.at = group.from + PAGE, 1
    group.last = tonumber(group.page[#group.page] or group.last)
  end
  return group.page[group.at], tonumber(group.page[group.at + 1])
end

-- Takes the first job of a batch, by priority and age, that can be paid for; nil where there is none. What cannot be
-- paid now cannot be paid later in the same claim: the group is dropped.
local function take_from(head)
  local best, best_id, best_seq
  local at = 1
  while at <= #head.groups do
    local group = head.groups[at]
    if best and group.level > best.level then break end
    local id, seq
    if can_pay(head, group.price) then id, seq = peek(group) end
    -- What is unswept may hold jobs that come before those of lower priority.
    if not id and unswept and not best then return nil end
    if not id then
      table.remove(head.groups, at)
    else
      if not best or seq < best_seq then best, best_id, best_seq = group, id, seq end
      at = at + 1
    end
  end
  if not best then return nil end
  best.at = best.at + 2
  origins[best_id] = best.origin
  for _, money in ipairs({ head, purse }) do
    for _, field in ipairs({ 'left', 'total', 'today' }) do
      if money[field] then money[field] = money[field] - math.max(best.price, 0) end
    end
  end
  return best_id
end

-- The batch whose turn it is: the lowest start, and of equal ones the older.
local function next_turn(heads)
  local found
  for at, head in ipairs(heads) do
    local other = found and heads[found]
    if not other or head.start < other.start or (head.start == other.start and head.batch < other.batch) then
      found = at
    end
  end
  return found
end

-- Takes jobs in turns from the batches that may be worked on (start-time fair queueing), as far as there is money;
-- with them, whether only the day's budget kept more from being taken, and where the batches stand then.
local function ready(most)
  local ids, held_by_day = {}, false
  if most <= 0 then return ids, held_by_day, {} end
  open_purse()
  local heads, passes = open_heads(), {}
  local turn = next_turn(heads)
  while turn and #ids < most do
    local head = heads[turn]
    local id = take_from(head)
    if id then
      ids[#ids + 1] = id
      desk.turn = head.start
      head.start = head.start + head.stride
      passes[text(head.batch)] = head.start
    else
      held_by_day = held_by_day or head.held_by_day
      table.remove(heads, turn)
    end
    if unswept then break end
    turn = next_turn(heads)
  end
  return ids, held_by_day, passes
end

-- Notes whose turn it was, once the jobs are given.
local function keep_turns(passes)
  if next(passes) == nil then return end
  call('HSET', account_key(account), 'turn', desk.turn)
  for number, pass in pairs(passes) do call('HSET', passes_key(account), number, pass) end
end

local function append(list, more)
  for _, each in ipairs(more) do list[#list + 1] = each end
end

-- Submissions whose fate is open, then new ones, as `give` takes them in hand; nil, and nothing is noted, where it does not.
local function submit(give)
  local tokens = bucket(desk.submit, desk.submit_tat)
  if tokens == false then return none(), nil end
  local most = tokens and available(tokens, limit) or limit
  -- A store that may have forgotten something sells nothing new until journals were held against it.
  local may_buy = not first_group() or guard.may_buy()
  local room = desk.cap and desk.cap - desk.in_flight or math.huge
  local ids = first_of(REPLAY, now, most)
  local new, held_by_day, passes = {}, false, {}
  if may_buy and aside.buys and not aside.full then new, held_by_day, passes = ready(math.min(most - #ids, room)) end
  append(ids, new)
  local leases = give(ids)
  if not leases then return nil end
  keep_turns(passes)
  keep_tat(account, 'submit_tat', tokens, #ids)
  if #ids > 0 then call('HINCRBY', account_key(account), 'tokens', #ids) end
  if #ids == limit then return leases, nil end
  local wait = tokens and next_in(tokens, #ids)
  local due = next_due(REPLAY)
  if aside.buys then due = sooner(due, aside.next_due(WAITING)) end
  if due and wait then due = math.max(due, wait) end
  if aside.buys and wait and #ids == most and room > #ids and first_group() then due = sooner(due, wait) end
  if aside.buys and (aside.full or not may_buy) and room > #ids and first_group() then due = sooner(due, guard.ASK_AGAIN_MS) end
  if unswept then return leases, 0 end
  if not held_by_day then return leases, due end
  return leases, sooner(due, (today + 1) * MILLIS_A_DAY - now), not due
end

local function held_until()
  return pauses_end(stage, desk.pauses)
end

-- The configured interval, or the learned one: where that is slower, or where the configured one is only a beginning.
local function paced(submit, learned, is_open)
  learned = kept.rate(learned)
  if not submit or submit[3] == 0 or not learned then return submit end
  if is_open or before(submit, learned) then return { learned[1], learned[2], submit[3] } end
  return submit
end

-- The configured cap, or the learned one, in the same way.
local function capped(cap, learned, is_open)
  if not cap or cap == 0 or learned == 0 then return cap end
  return is_open and learned or math.min(cap, learned)
end

-- Reads what the account has and may, and whether its limits are all there.
local function read_desk()
  local a = call('HMGET', account_key(account), 'in_flight', 'cap', 'submit', 'submit_tat', 'poll', 'poll_tat', 'pause:1',
    'pause:2', 'pause:3', 'learned_submit', 'learned_cap', 'open_rate', 'open_cap', 'budget', 'daily', 'spent', 'reserved',
    'claimed', 'day', 'day_spent', 'turn', 'pause:4', 'limits')
  -- A limit that is missing, or that cannot be read, lets nothing through before all of them are set anew.
  local lost, no_rate = a[23] and '', { 0, 1, 0 }
  limits_missing = not (a[23] and tonumber(a[2]) and kept.rate(a[3]) and kept.rate(a[5]) and tonumber(a[14]) and tonumber(a[15]))
  desk = {
    in_flight = kept.sum(a[1], guard.absent_sum('open:' .. account_name)), cap = capped(kept.number(a[2] or lost, 0), integer(a[11]), a[13] == '1'),
    submit = paced(kept.rate(a[3] or lost, no_rate), a[10], a[12] == '1'), submit_tat = a[4],
    poll = kept.poll_rate(a[5], a[23]), poll_tat = a[6], pauses = { a[7], a[8], a[9], a[22] },
    budget = rest(kept.number(a[14], 0), 0), daily = rest(kept.number(a[15], 0), 0),
    spent = kept.sum(a[16], guard.absent_sum('spent:' .. account_name)),
    reserved = kept.sum(a[17]), claimed = kept.sum(a[18]),
    spent_today = (kept.number(a[19] or 0, today) == today and kept.sum(a[20]) or 0)
      + guard.absent_sum('day:' .. text(today) .. ':' .. account_name),
    turn = integer(a[21]),
  }
  return desk
end

-- Finds whose claim it is: the account, and the batch where it is narrowed to one; nil where one of them is not known.
local function find_names()
  account = number_of(ACCOUNTS, account_name)
  limits_missing = not account
  for _, name in ipairs(args[8]) do
    local number = number_of(BATCHES, name)
    if number then aside.batches[number], aside.count = true, aside.count + 1 end
  end
  if batch_name ~= '' then batch = number_of(BATCHES, batch_name) end
  return account and (batch or batch_name == '') and account, batch
end

local function what_is_missing()
  return limits_missing or false
end

return {
  aside = aside, origins = origins, none = none, sooner = sooner, queues_of = queues_of, first_of = first_of,
  submit = submit, held_until = held_until, find_names = find_names, read_desk = read_desk,
  limits_missing = what_is_missing,
}

end)()
