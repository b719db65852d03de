-- Writes that are gathered while a script works and go out together, so that a verb over 64 jobs costs a handful of
-- commands. Of several words about one member of one set the last one counts.

local later = { zsets = {}, sets = {}, counts = {}, fields = {}, records = {}, queues = {}, ends = {}, days = {} }

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

-- `value` false takes the field out.
local function field(key, name, value)
  entry_of(later.fields, key)[name] = value
end

local function count(key, of, by)
  if by == 0 then return end
  local fields = entry_of(later.counts, key)
  fields[of] = (fields[of] or 0) + by
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

local function flush_fields(key, fields)
  local sets, removes = {}, {}
  for name, value in pairs(fields) do
    if value then
      sets[#sets + 1] = name
      sets[#sets + 1] = value
    else
      removes[#removes + 1] = name
    end
  end
  in_pieces('HDEL', key, removes)
  in_pieces('HSET', key, sets)
end

local function flush_counts(key, fields)
  for field, by in pairs(fields) do
    if by ~= 0 then add_up(key, field, by) end
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

local function flush()
  for key, members in pairs(later.zsets) do flush_zset(key, members) end
  for key, members in pairs(later.sets) do flush_set(key, members) end
  for key, fields in pairs(later.fields) do flush_fields(key, fields) end
  for key, fields in pairs(later.counts) do flush_counts(key, fields) end
  for key, by in pairs(later.days) do flush_day(key, by) end
  flush_records()
  for key, at in pairs(later.ends) do call('HSET', key, 'ended_at', at) end
  for key, queue in pairs(later.queues) do flush_index(key, queue) end
  later = { zsets = {}, sets = {}, counts = {}, fields = {}, records = {}, queues = {}, ends = {}, days = {} }
end
