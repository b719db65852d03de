-- When the last of a batch's jobs ended; its beginning where none has.
ALTER TABLE batches ADD COLUMN ended_at INTEGER;
ALTER TABLE batches ADD COLUMN purging INTEGER NOT NULL DEFAULT 0;
UPDATE batches SET ended_at = coalesce(
    (SELECT max(h.at) FROM jobs j JOIN history h ON h.job = j.seq WHERE j.batch = batches.id), created_at
) WHERE whole;
