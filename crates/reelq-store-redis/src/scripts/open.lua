-- Begins a namespace, or takes over one of an earlier format, whose records are to be moved then: whoever speaks that format
-- stops with this.
--
-- ARGV[2]  { format }: that the client reads and writes
-- Result   { now, format, moving }: what the namespace has, and whether records are to be moved

local format = args[1]
if guard.found and guard.found > format then return answer(guard.found, false) end
local is_earlier = guard.found and guard.found < format
-- On a full server, too: see room.lua.
if is_earlier then call('UNLINK', P .. 'room') end
if not guard.identity then guard.begin(format) end
if is_earlier then
  call('HSET', guard.key, 'format', format, 'moving', 1)
  call('SET', guard.old_format, format)
end
return answer(format, (is_earlier or guard.moving) and true or false)
