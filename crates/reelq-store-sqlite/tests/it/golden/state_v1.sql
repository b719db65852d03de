-- A state of format 1: two outputs stored, two tasks running, three jobs waiting, one in hand of a worker that was killed.
PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    limits TEXT,
    submit_tat INTEGER NOT NULL DEFAULT 0,
    poll_tat INTEGER NOT NULL DEFAULT 0,
    in_flight INTEGER NOT NULL DEFAULT 0,
    spent INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "accounts" VALUES(1,'wave','{"requests_per_second":3.0,"burst":1,"polls_per_second":500.0,"max_in_flight":10}',1795276906552333334,1795276906318000000,3,1200000);
CREATE TABLE batch_counts (
    batch INTEGER NOT NULL REFERENCES batches (id),
    listed INTEGER NOT NULL,
    status INTEGER NOT NULL,
    jobs INTEGER NOT NULL,
    PRIMARY KEY (batch, listed, status)
) WITHOUT ROWID;
INSERT INTO "batch_counts" VALUES(1,1,0,4);
INSERT INTO "batch_counts" VALUES(1,1,1,0);
INSERT INTO "batch_counts" VALUES(1,1,3,2);
INSERT INTO "batch_counts" VALUES(1,1,4,0);
INSERT INTO "batch_counts" VALUES(1,1,5,2);
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
INSERT INTO "batches" VALUES(1,'p','{"name":"p","output":"out/simulated/p","file_name":"{row:06}-{id}-{copy}.mp4","budget":null,"priority":0,"manifest":"p.csv","passthrough":[]}',NULL,1,0,1,8,1,NULL,NULL,0,1795276905169,1200000,0,300000,1200000,0,0,0);
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
INSERT INTO "history" VALUES(1,1,1795276905209,1,'sending','run-10736-29f1a1fed79a80','');
INSERT INTO "history" VALUES(1,2,1795276905213,3,'accepted','run-10736-29f1a1fed79a80','task-wave8154653938b866876301');
INSERT INTO "history" VALUES(1,3,1795276905368,3,'running','run-10736-29f1a1fed79a80','');
INSERT INTO "history" VALUES(1,4,1795276905649,4,'finished','run-10736-29f1a1fed79a80','');
INSERT INTO "history" VALUES(1,5,1795276905690,5,'stored','run-10736-29f1a1fed79a80','');
INSERT INTO "history" VALUES(2,1,1795276905548,1,'sending','run-10736-29f1a1fed79a80','');
INSERT INTO "history" VALUES(2,2,1795276905558,3,'accepted','run-10736-29f1a1fed79a80','task-wave9804070282b1780454074');
INSERT INTO "history" VALUES(2,3,1795276905739,3,'running','run-10736-29f1a1fed79a80','');
INSERT INTO "history" VALUES(2,4,1795276906321,4,'finished','run-10736-29f1a1fed79a80','');
INSERT INTO "history" VALUES(2,5,1795276906341,5,'stored','run-10736-29f1a1fed79a80','');
INSERT INTO "history" VALUES(3,1,1795276905895,1,'sending','run-10736-29f1a1fed79a80','');
INSERT INTO "history" VALUES(3,2,1795276905911,3,'accepted','run-10736-29f1a1fed79a80','task-wave6179800257b1722522842');
INSERT INTO "history" VALUES(3,3,1795276906065,3,'running','run-10736-29f1a1fed79a80','');
INSERT INTO "history" VALUES(4,1,1795276906230,1,'sending','run-10736-29f1a1fed79a80','');
INSERT INTO "history" VALUES(4,2,1795276906247,3,'accepted','run-10736-29f1a1fed79a80','task-wave8896477366b470614861');
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
INSERT INTO "jobs" VALUES(1,X'B968A383C1E2265A1064F15D9F58FAC6',1,1,0,5,NULL,0,NULL,NULL,0,300000,12,NULL,NULL,0,0,1,300000,0,0,0,5,NULL,'{"id":"b968a383c1e2265a1064f15d9f58fac6","batch":"p","spec":{"account":"wave","provider":"wave","model":"hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 1","duration":6,"resolution":"768p"}},"price":300000,"priority":0,"stage":{"stage":"succeeded","task":{"id":"task-wave8154653938b866876301","submission":1,"accepted_at":1795276905213,"polls":3,"word":"processing","progress":92,"overdue":false,"mark":"91b85701005c71559e5391997253f1562f30485914117bdd524f167883e542d4"},"files":[{"path":"000001-r1-1.mp4","bytes":23982,"sha256":"59705ba2c9022a0e99282771f681498cfb63672f676999b1d8c7ee96752ef776","source_url":"http://127.0.0.1:42907/files/task-wave8154653938b866876301/1.mp4?expires=1795363305648","expires_at":1795363305000}]},"submissions":1,"retries":0,"setbacks":0,"link_refreshes":0,"polls":3,"charges":[{"task":"task-wave8154653938b866876301","submission":1,"amount":300000,"settlement":"charged"}],"queued_at":1795276905180,"submitted_at":1795276905213,"finished_at":1795276905649,"stored_at":1795276905690,"orphan_of":null}');
INSERT INTO "jobs" VALUES(2,X'27BBD8C92862DBFFD63D86CE87EEB55A',1,1,1,5,NULL,0,NULL,NULL,0,300000,14,NULL,NULL,0,0,1,300000,0,0,0,5,NULL,'{"id":"27bbd8c92862dbffd63d86ce87eeb55a","batch":"p","spec":{"account":"wave","provider":"wave","model":"hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 2","duration":6,"resolution":"768p"}},"price":300000,"priority":0,"stage":{"stage":"succeeded","task":{"id":"task-wave9804070282b1780454074","submission":1,"accepted_at":1795276905557,"polls":4,"word":"processing","progress":77,"overdue":false,"mark":"f4d89c9a7fff8fc79595bdd61c2e72ad29711a054297d86561a16c7c4998aeac"},"files":[{"path":"000002-r2-1.mp4","bytes":23983,"sha256":"7d19b0aeaac87c976148f054cd012057d4e8c2402d0f9ba61c8d1c099b7306a6","source_url":"http://127.0.0.1:42907/files/task-wave9804070282b1780454074/1.mp4?expires=1795363306320","expires_at":1795363306320}]},"submissions":1,"retries":0,"setbacks":0,"link_refreshes":0,"polls":4,"charges":[{"task":"task-wave9804070282b1780454074","submission":1,"amount":300000,"settlement":"charged"}],"queued_at":1795276905180,"submitted_at":1795276905558,"finished_at":1795276906321,"stored_at":1795276906341,"orphan_of":null}');
INSERT INTO "jobs" VALUES(3,X'4132CA76CC75400B6AA4DA08715A4F34',1,1,2,3,NULL,4,1795276906544,NULL,0,300000,10,NULL,NULL,0,0,1,300000,0,0,0,3,NULL,'{"id":"4132ca76cc75400b6aa4da08715a4f34","batch":"p","spec":{"account":"wave","provider":"wave","model":"hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 3","duration":6,"resolution":"768p"}},"price":300000,"priority":0,"stage":{"stage":"running","task":{"id":"task-wave6179800257b1722522842","submission":1,"accepted_at":1795276905904,"polls":3,"word":"processing","progress":67,"overdue":false,"mark":"eff02f8ee794c2ffb5121bd9836b025c16836bd1dad39fea61d977f9bfe5bc8c"}},"submissions":1,"retries":0,"setbacks":0,"link_refreshes":0,"polls":3,"charges":[{"task":"task-wave6179800257b1722522842","submission":1,"amount":300000,"settlement":"open"}],"queued_at":1795276905180,"submitted_at":1795276905911,"finished_at":null,"stored_at":null,"orphan_of":null}');
INSERT INTO "jobs" VALUES(4,X'6E270A05B0C4BEA4B83EEC0330CD2548',1,1,3,3,NULL,4,1795276906389,NULL,0,300000,4,NULL,NULL,0,0,1,300000,0,0,0,2,NULL,'{"id":"6e270a05b0c4bea4b83eec0330cd2548","batch":"p","spec":{"account":"wave","provider":"wave","model":"hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 4","duration":6,"resolution":"768p"}},"price":300000,"priority":0,"stage":{"stage":"running","task":{"id":"task-wave8896477366b470614861","submission":1,"accepted_at":1795276906243,"polls":0,"word":null,"progress":null,"overdue":false,"mark":"0fa549930c8eb454e41a6d1d614c86dfd8434779069596b1673e4f1f77f5ecde"}},"submissions":1,"retries":0,"setbacks":0,"link_refreshes":0,"polls":0,"charges":[{"task":"task-wave8896477366b470614861","submission":1,"amount":300000,"settlement":"open"}],"queued_at":1795276905180,"submitted_at":1795276906247,"finished_at":null,"stored_at":null,"orphan_of":null}');
INSERT INTO "jobs" VALUES(5,X'872117DDCC4FD630730392041DFDC02D',1,1,4,0,NULL,1,1795276905191,NULL,0,300000,1,NULL,NULL,0,0,0,0,0,0,0,0,NULL,'{"id":"872117ddcc4fd630730392041dfdc02d","batch":"p","spec":{"account":"wave","provider":"wave","model":"hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 5","duration":6,"resolution":"768p"}},"price":300000,"priority":0,"stage":{"stage":"ready"},"submissions":0,"retries":0,"setbacks":0,"link_refreshes":0,"polls":0,"charges":[],"queued_at":1795276905180,"submitted_at":null,"finished_at":null,"stored_at":null,"orphan_of":null}');
INSERT INTO "jobs" VALUES(6,X'2F39AB9A9510E2BA5CC0685364934808',1,1,5,0,NULL,1,1795276905191,NULL,0,300000,1,NULL,NULL,0,0,0,0,0,0,0,0,NULL,'{"id":"2f39ab9a9510e2ba5cc0685364934808","batch":"p","spec":{"account":"wave","provider":"wave","model":"hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 6","duration":6,"resolution":"768p"}},"price":300000,"priority":0,"stage":{"stage":"ready"},"submissions":0,"retries":0,"setbacks":0,"link_refreshes":0,"polls":0,"charges":[],"queued_at":1795276905180,"submitted_at":null,"finished_at":null,"stored_at":null,"orphan_of":null}');
INSERT INTO "jobs" VALUES(7,X'5B99E09247751A3398C1D836A6800EA6',1,1,6,0,NULL,1,1795276905191,NULL,0,300000,1,NULL,NULL,0,0,0,0,0,0,0,0,NULL,'{"id":"5b99e09247751a3398c1d836a6800ea6","batch":"p","spec":{"account":"wave","provider":"wave","model":"hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 7","duration":6,"resolution":"768p"}},"price":300000,"priority":0,"stage":{"stage":"ready"},"submissions":0,"retries":0,"setbacks":0,"link_refreshes":0,"polls":0,"charges":[],"queued_at":1795276905180,"submitted_at":null,"finished_at":null,"stored_at":null,"orphan_of":null}');
INSERT INTO "jobs" VALUES(8,X'53B2AC7184F0C342BBA93888C006EC23',1,1,7,0,NULL,0,1795276905191,NULL,0,300000,2,1,1795276920209,0,0,0,0,0,0,0,0,NULL,'{"id":"53b2ac7184f0c342bba93888c006ec23","batch":"p","spec":{"account":"wave","provider":"wave","model":"hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 8","duration":6,"resolution":"768p"}},"price":300000,"priority":0,"stage":{"stage":"ready"},"submissions":0,"retries":0,"setbacks":0,"link_refreshes":0,"polls":0,"charges":[],"queued_at":1795276905180,"submitted_at":null,"finished_at":null,"stored_at":null,"orphan_of":null}');
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
INSERT INTO "lines" VALUES(1,1,0,1,1,'r1',NULL,X'B968A383C1E2265A1064F15D9F58FAC6');
INSERT INTO "lines" VALUES(1,1,1,2,1,'r2',NULL,X'27BBD8C92862DBFFD63D86CE87EEB55A');
INSERT INTO "lines" VALUES(1,1,2,3,1,'r3',NULL,X'4132CA76CC75400B6AA4DA08715A4F34');
INSERT INTO "lines" VALUES(1,1,3,4,1,'r4',NULL,X'6E270A05B0C4BEA4B83EEC0330CD2548');
INSERT INTO "lines" VALUES(1,1,4,5,1,'r5',NULL,X'872117DDCC4FD630730392041DFDC02D');
INSERT INTO "lines" VALUES(1,1,5,6,1,'r6',NULL,X'2F39AB9A9510E2BA5CC0685364934808');
INSERT INTO "lines" VALUES(1,1,6,7,1,'r7',NULL,X'5B99E09247751A3398C1D836A6800EA6');
INSERT INTO "lines" VALUES(1,1,7,8,1,'r8',NULL,X'53B2AC7184F0C342BBA93888C006EC23');
CREATE TABLE pauses (
    account INTEGER NOT NULL REFERENCES accounts (id),
    kind INTEGER NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    PRIMARY KEY (account, kind)
) WITHOUT ROWID;
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
CREATE TABLE workers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    seen_at INTEGER NOT NULL
);
INSERT INTO "workers" VALUES(1,'run-10736-29f1a1fed79a80',1795276905209);
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
CREATE UNIQUE INDEX staged_jobs ON staged (batch, job);
COMMIT;
PRAGMA application_id = 1919247724;
PRAGMA user_version = 1;
