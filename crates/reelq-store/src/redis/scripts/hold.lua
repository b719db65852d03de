-- Run on a server that is new to the namespace, before any other script is loaded: it may have forgotten its last
-- second, so nothing new is bought until journals could be held against it. Changes nothing the second time.
-- KEYS: 1 server, 2 epoch, 3 hold_until, 4 format
-- ARGV: 1 the server's id, empty where it has none; 2 milliseconds to hold
-- Result: the epoch
local known = redis.call('GET', KEYS[1])
local epoch = tonumber(redis.call('GET', KEYS[2]) or '0')
if known == ARGV[1] and known ~= '' then
  return epoch
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Where there was nothing there is nothing to hold.
local is_new = not known and redis.call('EXISTS', KEYS[4]) == 0
local held = now + tonumber(ARGV[2])
if held > now and not is_new and held > tonumber(redis.call('GET', KEYS[3]) or '0') then
  redis.call('SET', KEYS[3], string.format('%.0f', held))
end
-- The time, so that an epoch that was itself forgotten is not given again.
epoch = math.max(epoch + 1, now)
redis.call('SET', KEYS[1], ARGV[1])
redis.call('SET', KEYS[2], string.format('%.0f', epoch))
return epoch
