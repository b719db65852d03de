-- Run on a server that is new to the namespace, before any other script is loaded: it may have forgotten its last
-- second, so nothing new is bought until journals could be held against it. Changes nothing the second time.
-- KEYS: 1 server, 2 epoch, 3 hold_until, 4 format
-- ARGV: 1 the server's id, empty where it has none; 2 milliseconds to hold; 3 seconds that the server has been up
-- Result: the epoch
local known = redis.call('GET', KEYS[1])
if known == ARGV[1] and known ~= '' then
  return tonumber(redis.call('GET', KEYS[2]) or '0')
end
local hold = tonumber(ARGV[2])
-- An empty namespace on a server that has been up for long is new, and not one that was forgotten.
local empty = not known and redis.call('EXISTS', KEYS[4]) == 0
if empty and tonumber(ARGV[3]) * 1000 > hold then
  hold = 0
end
if hold > 0 then
  local time = redis.call('TIME')
  local held = time[1] * 1000 + math.floor(time[2] / 1000) + hold
  if held > tonumber(redis.call('GET', KEYS[3]) or '0') then
    redis.call('SET', KEYS[3], string.format('%.0f', held))
  end
end
redis.call('SET', KEYS[1], ARGV[1])
return redis.call('INCR', KEYS[2])
