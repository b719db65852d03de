-- Which requests were asked for in which batch. job is NULL where it was bought and the batch has been purged; `at` is then when.
CREATE TABLE requests (
    key BLOB NOT NULL,
    batch TEXT NOT NULL,
    job BLOB,
    at INTEGER NOT NULL,
    PRIMARY KEY (key, batch)
) WITHOUT ROWID;
CREATE INDEX requests_bought ON requests (at) WHERE job IS NULL;
-- What a known job that waits takes over of its line's request; NULL where it was submitted.
ALTER TABLE staged ADD COLUMN fields TEXT;
-- The load whose requests are noted; 0 where none are.
ALTER TABLE batches ADD COLUMN noted INTEGER NOT NULL DEFAULT 0;
