-- Reads all accounts that were ever used.
--
-- ARGV[2]  {}
-- Result   { now, accounts }; an account is
--          { name, limits, in_flight, spent, pace, set_aside, spent_today, pauses, waiting }
--            limits    '' where none were set
--            pace      '' where nothing was learned
--            pauses    packed: { reason, since, until }
--            waiting   under a budget: { batch, prices } of what waits to be submitted and the batch itself can pay

local function budgeted(a)
  return integer(a[4] or -1) >= 0 or integer(a[5] or -1) >= 0
end

-- The batches that have jobs ready, with the prices that each can pay by itself.
local function waiting(account)
  local found, by_batch = {}, {}
  for _, group in ipairs(call('ZRANGE', index_key(READY, account), 0, -1)) do
    local number, price = batch_and_price(group)
    local entry = by_batch[number]
    if entry == nil then
      local open, left = open_batch(number)
      entry = open and { left = left, prices = {} }
      by_batch[number] = entry
    end
    if entry and covers(entry.left, price) then
      if #entry.prices == 0 then found[#found + 1] = { number, entry.prices } end
      entry.prices[#entry.prices + 1] = price
    end
  end
  table.sort(found, function(one, other) return one[1] < other[1] end)
  for _, entry in ipairs(found) do entry[1] = call('HGET', batch_key(entry[1]), 'name') end
  return found
end

local views = {}
for _, name in ipairs(call('ZRANGE', ACCOUNTS, 0, -1)) do
  local account = number_of(ACCOUNTS, name)
  local a = call('HMGET', account_key(account), 'limits', 'in_flight', 'spent', 'budget', 'daily', 'reserved', 'claimed',
    'day', 'day_spent', 'pause:1', 'pause:2', 'pause:3', 'pace', 'pause:4')
  local pauses = {}
  for _, at in ipairs({ 10, 11, 12, 14 }) do
    if a[at] then pauses[#pauses + 1] = a[at] end
  end
  views[#views + 1] = {
    name, a[1] or '', integer(a[2]), integer(a[3]), a[13] or '', integer(a[6]) + integer(a[7]),
    integer(a[8]) == today and integer(a[9]) or 0, pauses, budgeted(a) and waiting(account) or {},
  }
end
return answer(views)
