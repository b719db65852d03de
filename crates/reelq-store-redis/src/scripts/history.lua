-- Reads a job's history, the oldest entry first.
--
-- ARGV[2]  { id }
-- Result   { now, entries }: packed one behind the other, each { at, status, event, worker, reason }

local rec = known(args[1])
return answer(rec and rec.history or '')
