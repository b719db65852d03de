-- Reads batches and their sums.
--
-- ARGV[2]  { name, from, limit }: one batch by its name; where that is '', `limit` of them from place `from` on, the
--          newest first
-- Result   { now, batches }: { fields, counts, prices, deadline, number, name, absent }
--            fields     texts in the order below, '' where there is none
--            counts     of the jobs that have a line, by status, then of the others
--            prices     price and number of jobs of that price that wait and no worker holds, one after the other
--            deadline   when the next link dies; 0 where there is none
--            absent     what was bought for jobs of it that only journals know

local FIELDS = { 'draft', 'whole', 'paused', 'purging', 'cancelling', 'spent', 'reserved', 'claimed', 'to_spend', 'unpriced',
  'orphans', 'overdue', 'held', 'budget', 'created_at', 'ended_at' }
local STATUSES = 8

local function counts_of(key)
  local fields = {}
  for listed = 1, 0, -1 do
    for status = 0, STATUSES - 1 do fields[#fields + 1] = 'c:' .. listed .. ':' .. status end
  end
  local counts = call('HMGET', key, unpack(fields))
  for at = 1, #fields do counts[at] = integer(counts[at]) end
  return counts
end

local function prices_of(batch)
  local prices = call('HGETALL', prices_key(batch))
  for at = 1, #prices do prices[at] = integer(prices[at]) end
  return prices
end

local function view(number, name)
  local key = batch_key(number)
  local fields = call('HMGET', key, unpack(FIELDS))
  for at = 1, #FIELDS do fields[at] = fields[at] or '' end
  local deadline = call('ZRANGE', deadlines_key(number), 0, 0, 'WITHSCORES')[2]
  return { fields, counts_of(key), prices_of(number), integer(deadline), number, name, guard.absent_sum('batch:' .. name) }
end

local name, from, limit = unpack(args)
local views = {}
if name ~= '' then
  local number = number_of(BATCHES, name)
  if number then views[1] = view(number, name) end
else
  for _, found in ipairs(call('ZRANGE', BATCHES, from, from + limit - 1, 'REV')) do
    views[#views + 1] = view(number_of(BATCHES, found), found)
  end
end
return answer(views)
