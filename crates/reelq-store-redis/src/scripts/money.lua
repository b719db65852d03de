-- Money: what is left of budgets, and what it covers.

-- What is left of a budget: nil where there is none.
local function rest(cap, used)
  return cap and cap >= 0 and cap - used or nil
end

-- Whether a price fits; under a budget a price that is not known never does.
local function covers(money, price)
  return money == nil or (price >= 0 and price <= money)
end

-- The sum of what was used of a budget; beyond any budget where a part cannot be read.
function kept.sum(...)
  local sum = 0
  for _, part in ipairs({ ... }) do sum = sum + kept.number(part or 0, math.huge) end
  return sum
end

-- A sum of what was bought for jobs that only journals know (absent.lua); they are rare.
function guard.absent_sum(field)
  if guard.absentees == 0 then return 0 end
  return kept.sum(call('HGET', guard.absent_sums, field))
end

-- Whether a batch may be worked on, what its budget has left (nil where it has none), and its draft.
local function open_batch(number)
  local b = call('HMGET', batch_key(number), 'whole', 'paused', 'settling', 'budget', 'spent', 'reserved', 'claimed',
    'draft', 'cancelling', 'name')
  if b[1] ~= '1' or b[2] == '1' or b[3] or b[9] then return false end
  -- A budget that cannot be read pays for nothing, nor does one that the draft names and that is lost: the next load sets it.
  local lost = not b[4] and string.find(b[8] or '', '"budget":[^n]')
  return true, rest(lost and 0 or kept.number(b[4], 0), kept.sum(b[5], b[6], b[7], guard.absent_sum('batch:' .. (b[10] or '')))), b[8]
end

-- What the name of a group of ready jobs says.
local function batch_and_price(group)
  local number, price = string.match(group, '^(%d+):(-?%d+):')
  return tonumber(number), tonumber(price)
end
