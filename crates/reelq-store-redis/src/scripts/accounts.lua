-- Reads all accounts that were ever used.
--
-- ARGV[2]  {}
-- Result   { now, accounts }; an account is
--          { name, limits, in_flight, spent, pace, set_aside, spent_today, pauses, waiting, unread }
--            in_flight, spent, spent_today   with what only journals know of (absent.lua)
--            limits    '' where none were set
--            pace      '' where nothing was learned
--            pauses    packed: { reason, since, until }
--            waiting   under a budget: { batch, prices } of what waits to be submitted and the batch itself can pay
--            unread    the fields that cannot be read

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
  for _, entry in ipairs(found) do entry[1] = call('HGET', batch_key(entry[1]), 'name') or '' end
  return found
end

local NUMBERS_OF = { 'cap', 'budget', 'daily', 'spent', 'reserved', 'claimed', 'day', 'day_spent', 'in_flight', 'learned_cap', 'turn' }

-- The fields that cannot be read, and those that must be there once any limit is.
local function unread_fields(key)
  local unread, fields = {}, call('HMGET', key, unpack(NUMBERS_OF))
  for at, field in ipairs(NUMBERS_OF) do
    if fields[at] and not kept.number(fields[at]) then unread[#unread + 1] = field end
  end
  local a = call('HMGET', key, 'limits', 'submit', 'poll', 'submit_tat', 'poll_tat')
  for at, field in ipairs({ 'submit', 'poll' }) do
    local packed = a[at + 1] or (a[1] and '')
    if packed and not kept.rate(packed) then unread[#unread + 1] = field end
  end
  for at, field in ipairs({ 'submit_tat', 'poll_tat' }) do
    if a[at + 3] and not string.match(a[at + 3], '^%-?%d+ %d+$') then unread[#unread + 1] = field end
  end
  if a[1] and not fields[1] then unread[#unread + 1] = 'cap' end
  return unread
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
    name, a[1] or '', integer(a[2]) + guard.absent_sum('open:' .. name), integer(a[3]) + guard.absent_sum('spent:' .. name),
    a[13] or '', integer(a[6]) + integer(a[7]),
    (integer(a[8]) == today and integer(a[9]) or 0) + guard.absent_sum('day:' .. text(today) .. ':' .. name),
    pauses, budgeted(a) and waiting(account) or {}, unread_fields(account_key(account)),
  }
end
return answer(views)
