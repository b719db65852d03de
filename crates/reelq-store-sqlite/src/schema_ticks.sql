-- The tick before it in the schedule's timetable: between the two there is none.
ALTER TABLE ticks ADD COLUMN after INTEGER;
-- Spans of time whose ticks are over though they have no row any more: [[after, until], ...], the oldest first.
ALTER TABLE schedules ADD COLUMN over TEXT NOT NULL DEFAULT '[]';
-- Rows were dropped by their ticks' own times before: what is older than all that are left is over, as far as it has been.
UPDATE schedules SET over = coalesce(
    (SELECT json_array(json_array(0, min(min(t.at) - 1, unixepoch() * 1000))) FROM ticks t
        WHERE t.schedule = schedules.id AND t.state >= 2 HAVING count(*) >= 100),
    '[]'
);
