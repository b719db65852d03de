-- What was asked for, written once; jobs holds what each step writes. A load's specs are there before its jobs are.
CREATE TABLE specs (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    spec TEXT NOT NULL
);

-- state is what the job has become, NULL before its first event; history holds its events, one a line, the oldest first.
-- worker: who holds the lease; without a check by the file, which would need an index by worker.
-- amended: the version at which the state was changed beside the lease of that version.
CREATE TABLE split (
    seq INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL REFERENCES batches (id),
    account INTEGER NOT NULL REFERENCES accounts (id),
    position INTEGER,
    status INTEGER NOT NULL,
    queue INTEGER NOT NULL,
    due INTEGER,
    deadline INTEGER,
    priority INTEGER NOT NULL,
    price INTEGER NOT NULL,
    version INTEGER NOT NULL,
    amended INTEGER NOT NULL DEFAULT 0,
    worker INTEGER,
    lease_until INTEGER,
    cancel INTEGER NOT NULL DEFAULT 0,
    parked INTEGER NOT NULL DEFAULT 0,
    bought INTEGER NOT NULL DEFAULT 0,
    spent INTEGER NOT NULL DEFAULT 0,
    reserved INTEGER NOT NULL DEFAULT 0,
    unpriced INTEGER NOT NULL DEFAULT 0,
    overdue INTEGER NOT NULL DEFAULT 0,
    entries INTEGER NOT NULL DEFAULT 0,
    orphan_of BLOB,
    failure TEXT,
    state TEXT,
    history TEXT
);

-- What an unfinished load will bring; empty otherwise. fields: what a known job that waits takes over of its line's request, NULL
-- where it was submitted. takes: it has something to take over.
DROP TABLE staged;
CREATE TABLE staged (
    batch INTEGER NOT NULL REFERENCES batches (id),
    seq INTEGER NOT NULL,
    position INTEGER NOT NULL,
    account INTEGER NOT NULL,
    price INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    known INTEGER NOT NULL,
    takes INTEGER NOT NULL DEFAULT 0,
    fields TEXT,
    PRIMARY KEY (batch, seq)
) WITHOUT ROWID;

-- A load that was under way begins anew.
DELETE FROM lines WHERE generation > (SELECT generation FROM batches WHERE id = lines.batch);
UPDATE batches SET loading = NULL, loading_draft = NULL, loading_lines = 0;

-- One index of the leases instead of two: they are few, and each claim and each commit writes it.
DROP INDEX jobs_leased;
DROP INDEX jobs_worker;
