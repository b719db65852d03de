-- Tells the time.
--
-- ARGV[2]  {}
-- Result   { now }

return answer()
