-- Clearing away what a load brought that never became a manifest, a bounded part at a time.

local CLEARED_AT_ONCE = 1000

-- Removes a part of a dead load; whether all of it is gone.
local function clear_load(batch, load)
  local key = lines_key(batch, load)
  local lines = call('LRANGE', key, -CLEARED_AT_ONCE, -1)
  local ids, keys = {}, {}
  for at, line in ipairs(lines) do ids[at] = string.sub(line, 1, 16) end
  prefetch(ids)
  for _, id in ipairs(ids) do
    local rec = record(id)
    if rec and rec.load == load then keys[#keys + 1] = asked_key(id) end
    records[id] = nil
  end
  for first = 1, #keys, AT_ONCE do call('UNLINK', unpack(keys, first, math.min(first + AT_ONCE - 1, #keys))) end
  if #lines > 0 then
    call('LTRIM', key, 0, -#lines - 1)
    return false
  end
  for _, entry in ipairs(call('ZRANGE', staged_key(batch, load), 0, -1)) do
    local account, group = string.match(entry, '^(%d+):(.*)$')
    call('UNLINK', fresh_key(tonumber(account), group))
  end
  call('UNLINK', staged_key(batch, load), known_key(batch, load), loading_key(batch, load))
  return true
end

-- Removes a part of the load that died in the batch, if any; whether none is left.
local function clear_dead_load(batch)
  local key = batch_key(batch)
  local dead = call('HMGET', key, 'clearing', 'loading')
  local load = dead[1] or dead[2]
  if not load then return true end
  if not dead[1] then
    call('HSET', key, 'clearing', load)
    call('HDEL', key, 'loading', 'loading_draft', 'loading_budget', 'loading_lines')
  end
  if not clear_load(batch, tonumber(load)) then return false end
  call('HDEL', key, 'clearing')
  return true
end
