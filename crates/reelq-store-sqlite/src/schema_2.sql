-- When the last of a batch's jobs ended; its beginning where none has.
ALTER TABLE batches ADD COLUMN ended_at INTEGER;
ALTER TABLE batches ADD COLUMN purging INTEGER NOT NULL DEFAULT 0;
UPDATE batches SET ended_at = coalesce(
    (SELECT max(h.at) FROM jobs j JOIN history h ON h.job = j.seq WHERE j.batch = batches.id), created_at
) WHERE whole;

-- mark: ticks up to here that have no row are over.
CREATE TABLE schedules (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    mark INTEGER NOT NULL
);

CREATE TABLE ticks (
    schedule INTEGER NOT NULL REFERENCES schedules (id),
    at INTEGER NOT NULL,
    state INTEGER NOT NULL,
    token INTEGER NOT NULL,
    late INTEGER NOT NULL,
    worker TEXT NOT NULL,
    lease_until INTEGER,
    changed_at INTEGER NOT NULL,
    batch TEXT,
    reason TEXT NOT NULL,
    PRIMARY KEY (schedule, at)
) WITHOUT ROWID;

CREATE INDEX ticks_open ON ticks (schedule, at) WHERE state < 2;

CREATE TABLE holds (
    batch TEXT PRIMARY KEY,
    worker TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL
) WITHOUT ROWID;

-- Money of an account: what is set aside, and what was charged on `day` (days since 1970-01-01, UTC).
ALTER TABLE accounts ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN claimed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN day_spent INTEGER NOT NULL DEFAULT 0;

UPDATE accounts SET (reserved, claimed) = (
    SELECT coalesce(sum(reserved), 0),
        coalesce(sum(max(price, 0)) FILTER (WHERE status = 0 AND lease_until IS NOT NULL), 0)
    FROM jobs WHERE account = accounts.id);

-- Turns: an account's virtual time, and each batch's pass on it.
ALTER TABLE accounts ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;

CREATE TABLE shares (
    account INTEGER NOT NULL REFERENCES accounts (id),
    batch INTEGER NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
    pass INTEGER NOT NULL,
    PRIMARY KEY (account, batch)
) WITHOUT ROWID;

-- What was learned of the account's limits, and the rate tokens for paid requests that were ever handed out.
ALTER TABLE accounts ADD COLUMN pace TEXT;
ALTER TABLE accounts ADD COLUMN pace_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;
