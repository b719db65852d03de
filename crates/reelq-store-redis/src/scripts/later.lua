-- Writes that are gathered while a script works and go out together, so that a verb over 64 jobs costs a handful of
-- commands. Of several words about one member of one set the last one counts.

local later = { zsets = {}, sets = {}, counts = {}, records = {}, queues = {}, ends = {}, days = {} }

local function entry_of(of, key)
  local found = of[key]
  if not found then
    found = {}
    of[key] = found
  end
  return found
end

-- `score` false takes the member out.
local function zset(key, member, score)
  entry_of(later.zsets, key)[member] = score
end

local function set(key, member, present)
  entry_of(later.sets, key)[member] = present
end

local function count(key, field, by)
  if by == 0 then return end
  local fields = entry_of(later.counts, key)
  fields[field] = (fields[field] or 0) + by
end

-- A command on a key with a list of whatever length; without a key where that is nil.
local function in_pieces(command, key, list)
  for first = 1, #list, AT_ONCE do
    local last = math.min(first + AT_ONCE - 1, #list)
    if key then call(command, key, unpack(list, first, last)) else call(command, unpack(list, first, last)) end
  end
end

local function flush_zset(key, members)
  local adds, removes = {}, {}
  for member, score in pairs(members) do
    if score then
      adds[#adds + 1] = score
      adds[#adds + 1] = member
    else
      removes[#removes + 1] = member
    end
  end
  in_pieces('ZREM', key, removes)
  in_pieces('ZADD', key, adds)
end

local function flush_set(key, members)
  local adds, removes = {}, {}
  for member, present in pairs(members) do
    local list = present and adds or removes
    list[#list + 1] = member
  end
  in_pieces('SREM', key, removes)
  in_pieces('SADD', key, adds)
end

-- Adds to a sum. One that would run over, or is no whole number, is brought to what scripts calculate with exactly: a
-- script that failed here would leave half a change.
local function add_up(key, field, by)
  local most = 4503599627370496
  by = math.max(-most * 1024, math.min(most * 1024, by))
  local sum = redis.pcall('HINCRBY', key, field, text(by))
  if type(sum) == 'table' and sum.err then
    call('HSET', key, field, text(math.max(-most, math.min(most, integer(call('HGET', key, field)) + by))))
  end
end

local function flush_counts(key, fields)
  for field, by in pairs(fields) do
    if by ~= 0 then add_up(key, field, by) end
  end
end

-- Keeps the index of an account's queues true: which are not empty, and what comes first in each.
local function flush_index(key, queue)
  local head = call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if head[1] or (queue.fresh and call('EXISTS', queue.fresh) == 1) then
    call('ZADD', queue.index, queue.score or head[2], queue.entry)
  else
    call('ZREM', queue.index, queue.entry)
  end
end

local function flush_records()
  local pairs_of = {}
  for key, value in pairs(later.records) do
    pairs_of[#pairs_of + 1] = key
    pairs_of[#pairs_of + 1] = value
  end
  in_pieces('MSET', nil, pairs_of)
end

-- What an account spent today; the first change of a day starts its sum anew.
local function flush_day(key, by)
  if by == 0 then return end
  if tonumber(call('HGET', key, 'day') or -1) == today then
    add_up(key, 'day_spent', by)
  else
    call('HSET', key, 'day', today, 'day_spent', text(by))
  end
end

local function flush()
  for key, members in pairs(later.zsets) do flush_zset(key, members) end
  for key, members in pairs(later.sets) do flush_set(key, members) end
  for key, fields in pairs(later.counts) do flush_counts(key, fields) end
  for key, by in pairs(later.days) do flush_day(key, by) end
  flush_records()
  for key, at in pairs(later.ends) do call('HSET', key, 'ended_at', at) end
  for key, queue in pairs(later.queues) do flush_index(key, queue) end
  later = { zsets = {}, sets = {}, counts = {}, records = {}, queues = {}, ends = {}, days = {} }
end
