-- How many of a batch's jobs are held. None is in a file of an earlier version, unless a row asked for a priority that is one of
-- held jobs now: those are counted with the next load of their batch.
ALTER TABLE batches ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
