-- Reads a job's history, the oldest entry first.
--
-- ARGV[2]  { id }
-- Result   { now, entries }; an entry is packed: { at, status, event, worker, reason }

return answer(known(args[1]) and call('LRANGE', history_key(args[1]), 0, -1) or {})
