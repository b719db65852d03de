-- Reads all accounts that were ever used.
--
-- ARGV[2]  {}
-- Result   { now, accounts }; an account is { name, limits, in_flight, spent, pace, pauses }, limits '' where none were set,
--          pace '' where nothing was learned,
--          pauses packed: { reason, since, until }

local views = {}
for _, name in ipairs(call('ZRANGE', ACCOUNTS, 0, -1)) do
  local a = call('HMGET', account_key(number_of(ACCOUNTS, name)), 'limits', 'in_flight', 'spent', 'pause:1', 'pause:2', 'pause:3',
    'pace')
  local pauses = {}
  for kind = 4, 6 do
    if a[kind] then pauses[#pauses + 1] = a[kind] end
  end
  views[#views + 1] = { name, a[1] or '', integer(a[2]), integer(a[3]), a[7] or '', pauses }
end
return answer(views)
