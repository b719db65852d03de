-- Which job is charged for which task of an account: the first that named it. Filled as jobs change.
CREATE TABLE IF NOT EXISTS tasks (
    account INTEGER NOT NULL,
    task TEXT NOT NULL,
    job BLOB NOT NULL,
    PRIMARY KEY (account, task)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tasks_job ON tasks (job);
