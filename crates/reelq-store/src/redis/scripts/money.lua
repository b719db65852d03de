-- Money: what is left of budgets, and what it covers.

-- What is left of a budget: nil where there is none.
local function rest(cap, used)
  return cap and cap >= 0 and cap - used or nil
end

-- Whether a price fits; under a budget a price that is not known never does.
local function covers(money, price)
  return money == nil or (price >= 0 and price <= money)
end

-- Whether a batch may be worked on, what its budget has left (nil where it has none), and its draft.
local function open_batch(number)
  local b = call('HMGET', batch_key(number), 'whole', 'paused', 'settling', 'budget', 'spent', 'reserved', 'claimed',
    'draft')
  if b[1] ~= '1' or b[2] == '1' or b[3] then return false end
  local used = integer(b[5]) + integer(b[6]) + integer(b[7])
  return true, rest(b[4] and tonumber(b[4]), used), b[8]
end

-- What the name of a group of ready jobs says.
local function batch_and_price(group)
  local number, price = string.match(group, '^(%d+):(-?%d+):')
  return tonumber(number), tonumber(price)
end
