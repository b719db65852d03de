-- Begins a namespace, or takes over one of an earlier format: one step, for records have not changed.
--
-- ARGV[2]  { format }: that the client reads and writes
-- Result   { now, format }: what the namespace has

local format = args[1]
if guard.found and guard.found > format then return answer(guard.found) end
if not guard.identity then
  guard.begin(format)
elseif guard.found < format then
  call('HSET', guard.key, 'format', format)
  call('SET', guard.old_format, format)
end
return answer(format)
