-- Writes with lists and of sums, as scripts over many jobs need them.

-- A command on a key with a list of whatever length; without a key where that is nil.
local function in_pieces(command, key, list)
  for first = 1, #list, AT_ONCE do
    local last = math.min(first + AT_ONCE - 1, #list)
    if key then call(command, key, unpack(list, first, last)) else call(command, unpack(list, first, last)) end
  end
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

-- Keeps the index of an account's queues true: which are not empty, and what comes first in each.
local function flush_index(key, queue)
  -- Held jobs wait in their groups, and no claim is told of them.
  if queue.score and queue.score >= HELD_LEVEL then return call('ZREM', queue.index, queue.entry) end
  local head = call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if head[1] or (queue.fresh and call('EXISTS', queue.fresh) == 1) then
    call('ZADD', queue.index, queue.score or head[2], queue.entry)
  else
    call('ZREM', queue.index, queue.entry)
  end
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
