-- Tells the time, and what the server's clock shows.
--
-- ARGV[2]  {}
-- Result   { now, wall }

return answer(hours.wall)
