CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    draft TEXT NOT NULL,
    budget INTEGER,
    whole INTEGER NOT NULL DEFAULT 0,
    paused INTEGER NOT NULL DEFAULT 0,
    generation INTEGER NOT NULL DEFAULT 0,
    lines INTEGER NOT NULL DEFAULT 0,
    loads INTEGER NOT NULL DEFAULT 0,
    loading INTEGER,
    loading_draft TEXT,
    loading_lines INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    spent INTEGER NOT NULL DEFAULT 0,
    reserved INTEGER NOT NULL DEFAULT 0,
    claimed INTEGER NOT NULL DEFAULT 0,
    to_spend INTEGER NOT NULL DEFAULT 0,
    unpriced INTEGER NOT NULL DEFAULT 0,
    orphans INTEGER NOT NULL DEFAULT 0,
    overdue INTEGER NOT NULL DEFAULT 0
);

-- listed: 1 = the job has a line in the batch's manifest, 0 = it has none and is followed all the same.
CREATE TABLE batch_counts (
    batch INTEGER NOT NULL REFERENCES batches (id),
    listed INTEGER NOT NULL,
    status INTEGER NOT NULL,
    jobs INTEGER NOT NULL,
    PRIMARY KEY (batch, listed, status)
) WITHOUT ROWID;

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    limits TEXT,
    submit_tat INTEGER NOT NULL DEFAULT 0,
    poll_tat INTEGER NOT NULL DEFAULT 0,
    in_flight INTEGER NOT NULL DEFAULT 0,
    spent INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE pauses (
    account INTEGER NOT NULL REFERENCES accounts (id),
    kind INTEGER NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    PRIMARY KEY (account, kind)
) WITHOUT ROWID;

CREATE TABLE workers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    seen_at INTEGER NOT NULL
);

-- state is the job itself; the other columns repeat what queries and indices need of it, or hold what is not the job's own.
CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    batch INTEGER NOT NULL REFERENCES batches (id),
    account INTEGER NOT NULL REFERENCES accounts (id),
    position INTEGER,
    status INTEGER NOT NULL,
    failure TEXT,
    queue INTEGER NOT NULL,
    due INTEGER,
    deadline INTEGER,
    priority INTEGER NOT NULL,
    price INTEGER NOT NULL,
    version INTEGER NOT NULL,
    worker INTEGER REFERENCES workers (id),
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
    state TEXT NOT NULL
);

CREATE INDEX jobs_ready ON jobs (account, batch, price, priority DESC, seq) WHERE queue = 1;
CREATE INDEX jobs_waiting ON jobs (account, due) WHERE queue = 2;
CREATE INDEX jobs_replay ON jobs (account, due) WHERE queue = 3;
CREATE INDEX jobs_poll ON jobs (account, due) WHERE queue = 4;
CREATE INDEX jobs_fetch ON jobs (account, coalesce(deadline, 9223372036854775807), seq) WHERE queue = 5;
CREATE INDEX jobs_fetch_later ON jobs (account, due) WHERE queue = 6;
CREATE INDEX jobs_deadline ON jobs (batch, deadline) WHERE deadline IS NOT NULL;
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX jobs_worker ON jobs (worker) WHERE worker IS NOT NULL;
CREATE INDEX jobs_status ON jobs (batch, status, price);
CREATE INDEX jobs_unlisted ON jobs (batch, seq) WHERE position IS NULL;
CREATE INDEX jobs_orphans ON jobs (orphan_of) WHERE orphan_of IS NOT NULL;

CREATE TABLE lines (
    batch INTEGER NOT NULL REFERENCES batches (id),
    generation INTEGER NOT NULL,
    position INTEGER NOT NULL,
    line INTEGER NOT NULL,
    copy INTEGER NOT NULL,
    label TEXT,
    passthrough TEXT,
    job BLOB NOT NULL,
    PRIMARY KEY (batch, generation, position)
) WITHOUT ROWID;

-- What an unfinished load will bring; empty otherwise. state is NULL where the job is known already.
CREATE TABLE staged (
    batch INTEGER NOT NULL REFERENCES batches (id),
    job BLOB NOT NULL,
    position INTEGER NOT NULL,
    account INTEGER NOT NULL,
    price INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    state TEXT,
    PRIMARY KEY (batch, position)
) WITHOUT ROWID;

-- Apart from the rows, so that these are written one after the other and not all over the file.
CREATE UNIQUE INDEX staged_jobs ON staged (batch, job);

CREATE TABLE history (
    job INTEGER NOT NULL REFERENCES jobs (seq),
    entry INTEGER NOT NULL,
    at INTEGER NOT NULL,
    status INTEGER NOT NULL,
    event TEXT NOT NULL,
    worker TEXT,
    reason TEXT NOT NULL,
    PRIMARY KEY (job, entry)
) WITHOUT ROWID;
