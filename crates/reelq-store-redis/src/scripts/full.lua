-- Whether the server's memory is full. A full server refuses a script's first write that may need room: this one is such a
-- write, and changes nothing, for what it writes is there for good. Asked before any other write.
function guard.is_full()
  if not guard.identity then return false end
  local tried = redis.pcall('HSETNX', guard.key, 'identity', guard.identity)
  return type(tried) == 'table' and string.find(tried.err or '', 'OOM', 1, true) ~= nil
end
