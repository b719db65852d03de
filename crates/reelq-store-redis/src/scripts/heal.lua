-- Adds up the sums of a batch anew, from its jobs: those of an earlier version ran over. Of jobs, figures that cannot be
-- meant are brought to what can. All of a batch in one call, for its jobs must not move meanwhile; no one needs it twice.
--
-- ARGV[2]  { batch, job_most, sum_most, latest, accounts, lost }: the most that a figure of a job, a sum, and a time can be
--            accounts   { name, spent, reserved, claimed, in_flight }: sums to write, of accounts
--            lost       a record is gone that nothing was known of: its jobs are counted anew, too, and what it held of its
--                       account is given back, where only one can be meant
-- Result   { now, healed, accounts }
--            healed     how many jobs were brought to what can be meant
--            accounts   { name, spent, reserved, claimed, in_flight }: what the batch's jobs add to each

local name, job_most, sum_most, latest, to_write, lost = unpack(args)
for _, sums in ipairs(to_write) do
  call('HSET', account_key(number_of(ACCOUNTS, sums[1])), 'spent', text(sums[2]), 'reserved', text(sums[3]), 'claimed', text(sums[4]),
    'in_flight', text(sums[5]), 'day_spent', 0)
end
local batch = number_of(BATCHES, name)
if not batch then return answer(0, {}) end

local sums, accounts, healed, counts = { spent = 0, reserved = 0, claimed = 0, to_spend = 0 }, {}, 0, {}

local function is_beyond(rec)
  return rec.spent > job_most or rec.reserved > job_most or rec.price > job_most or rec.spent < 0 or rec.reserved < 0
    or rec.deadline > latest or rec.due > latest
end

local function heal(rec)
  lift(rec)
  -- No worker holds it: an entry of it in a list of untouched jobs goes by its version.
  if not in_hand(rec) then rec.version = rec.version + 1 end
  local most = math.min(job_most, math.max(rec.price, 0) > 0 and rec.price or job_most)
  if rec.spent > job_most or rec.spent < 0 then rec.spent, rec.days = most, {} end
  rec.reserved = math.max(0, math.min(rec.reserved, job_most))
  rec.price = math.min(rec.price, job_most)
  rec.deadline, rec.due = math.min(rec.deadline, latest), math.min(rec.due, latest)
  set_down(rec)
  healed = healed + 1
end

local function add(rec)
  local price, queued = math.max(rec.price, 0), rec.status == QUEUED
  local claimed = queued and in_hand(rec) and price or 0
  sums.spent, sums.reserved = sums.spent + rec.spent, sums.reserved + rec.reserved
  sums.claimed, sums.to_spend = sums.claimed + claimed, sums.to_spend + (queued and price or 0)
  local own = accounts[rec.account] or { rec.account, 0, 0, 0, 0 }
  own[2], own[3], own[4] = own[2] + rec.spent, own[3] + rec.reserved, own[4] + claimed
  own[5] = own[5] + one_if(takes_a_place(rec))
  accounts[rec.account] = own
  if shown(rec) then
    local field = (rec.position ~= 0 and listed_count or other_count)(rec.status)
    counts[field] = (counts[field] or 0) + 1
  end
end

local function visit(ids)
  prefetch(ids)
  for _, id in ipairs(ids) do
    local rec = record(id)
    if rec then
      if is_beyond(rec) then heal(rec) end
      add(rec)
    end
  end
  flush()
  for _, id in ipairs(ids) do records[id] = nil end
end

local lines = lines_key(batch, integer(call('HGET', batch_key(batch), 'generation')))
for first = 0, call('LLEN', lines) - 1, AT_ONCE do
  local ids = call('LRANGE', lines, first, first + AT_ONCE - 1)
  for at, line in ipairs(ids) do ids[at] = string.sub(line, 1, 16) end
  visit(ids)
end
visit(call('ZRANGE', unlisted_key(batch), 0, -1))
visit(call('SMEMBERS', hidden_key(batch)))

-- The account that the lost record was of: the only one that the batch has jobs of, or had.
local function only_account()
  local found = {}
  for number in pairs(accounts) do found[number] = true end
  for _, entry in ipairs(call('SMEMBERS', groups_key(batch))) do found[tonumber(string.match(entry, '^%d+'))] = true end
  local number = next(found)
  return number and not next(found, number) and number
end

local function count_anew()
  local before = {}
  for listed = 0, 1 do
    for status = QUEUED, 7 do
      local field = 'c:' .. listed .. ':' .. status
      before[status] = (before[status] or 0) + integer(call('HGET', batch_key(batch), field)) - (counts[field] or 0)
      call('HSET', batch_key(batch), field, text(counts[field] or 0))
    end
  end
  local number = only_account()
  if not number then return end
  for _, field in ipairs({ 'reserved', 'claimed' }) do
    local gone = integer(call('HGET', batch_key(batch), field)) - sums[field]
    if gone > 0 then add_up(account_key(number), field, -gone) end
    if gone > 0 and field == 'claimed' then add_up(account_key(number), 'in_flight', -1) end
  end
  local places = before[SUBMITTING] + before[RUNNING]
  if places > 0 then add_up(account_key(number), 'in_flight', -places) end
end

if lost then count_anew() end
for field, sum in pairs(sums) do call('HSET', batch_key(batch), field, text(math.min(sum, sum_most))) end
local list = {}
for number, own in pairs(accounts) do
  own[1] = call('ZRANGEBYSCORE', ACCOUNTS, number, number)[1]
  list[#list + 1] = own
end
return answer(healed, list)
