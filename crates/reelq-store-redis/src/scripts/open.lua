-- Begins a namespace, or takes over one of an earlier format, whose records may have to be moved then: whoever speaks that format
-- stops with this.
--
-- ARGV[2]  { format }: that the client reads and writes
-- Result   { now, format, moving }: what the namespace has, and whether records are to be moved

-- The first format that has its records where this one has them.
local MOVED = 3

local format = args[1]
if guard.found and guard.found > format then return answer(guard.found, false) end
local is_earlier = guard.found and guard.found < format
-- On a full server, too: see room.lua.
if is_earlier then call('UNLINK', P .. 'room') end
if not guard.identity then guard.begin(format) end
if is_earlier then
  call('HSET', guard.key, 'format', format)
  if guard.found < MOVED then call('HSET', guard.key, 'moving', 1) end
  call('SET', guard.old_format, format)
end
return answer(format, call('HEXISTS', guard.key, 'moving') == 1)
