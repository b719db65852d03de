-- The batch is being cancelled: no job of it is submitted any more, and no load of it begins, before that has come to its end.
ALTER TABLE batches ADD COLUMN cancelling INTEGER NOT NULL DEFAULT 0;
