-- Until when the worker keeps the tasks that it follows; NULL where it follows none.
ALTER TABLE workers ADD COLUMN follows_until INTEGER;
-- Jobs that were taken from the worker that follows their task, by what others did to them, until that worker asks: the version
-- is the one that it had.
CREATE TABLE unfollowed (
    worker INTEGER NOT NULL,
    job BLOB NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (worker, job)
) WITHOUT ROWID;
-- Whether a claim is to come again once a follower may be gone.
CREATE INDEX jobs_followed ON jobs (account, batch, worker) WHERE queue = 7;
