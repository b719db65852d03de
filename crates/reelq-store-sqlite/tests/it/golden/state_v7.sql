-- A state of format 7: two outputs stored, three tasks running, one of them in hand of a worker that was killed, five jobs waiting.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
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
, ended_at INTEGER, purging INTEGER NOT NULL DEFAULT 0, cancelling INTEGER NOT NULL DEFAULT 0, noted INTEGER NOT NULL DEFAULT 0);
INSERT INTO batches VALUES(1,'p','{"name":"p","output":"out/simulated/p","file_name":"{row:06}-{id}-{copy}.mp4","budget":null,"priority":0,"manifest":"p.jsonl","manifest_path":"/home/user/clips/p.jsonl","passthrough":[],"loaded_with":{"format":1,"manifest":"/home/user/clips/p.jsonl","config":null,"account":null,"output":null,"set":[],"manifest_budget":null}}',NULL,1,0,1,10,1,NULL,NULL,0,1795870390077,1555500,0,0,1555500,0,0,0,1795870392987,0,0,0);
CREATE TABLE batch_counts (
    batch INTEGER NOT NULL REFERENCES batches (id),
    listed INTEGER NOT NULL,
    status INTEGER NOT NULL,
    jobs INTEGER NOT NULL,
    PRIMARY KEY (batch, listed, status)
) WITHOUT ROWID;
INSERT INTO batch_counts VALUES(1,1,0,5);
INSERT INTO batch_counts VALUES(1,1,1,0);
INSERT INTO batch_counts VALUES(1,1,3,3);
INSERT INTO batch_counts VALUES(1,1,4,0);
INSERT INTO batch_counts VALUES(1,1,5,2);
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    limits TEXT,
    submit_tat INTEGER NOT NULL DEFAULT 0,
    poll_tat INTEGER NOT NULL DEFAULT 0,
    in_flight INTEGER NOT NULL DEFAULT 0,
    spent INTEGER NOT NULL DEFAULT 0
, reserved INTEGER NOT NULL DEFAULT 0, claimed INTEGER NOT NULL DEFAULT 0, day INTEGER NOT NULL DEFAULT 0, day_spent INTEGER NOT NULL DEFAULT 0, turn INTEGER NOT NULL DEFAULT 0, pace TEXT, pace_version INTEGER NOT NULL DEFAULT 0, tokens INTEGER NOT NULL DEFAULT 0, breaker TEXT, breaker_version INTEGER NOT NULL DEFAULT 0);
INSERT INTO accounts VALUES(1,'wave','{"requests_per_second":2.0,"burst":10,"polls_per_second":500.0,"max_in_flight":3,"budget":null,"daily_budget":null,"open_rate":false,"open_in_flight":false}',1795870393246000000,1795870394289000000,3,1555500,0,0,20785,1555500,64,NULL,0,5,'{"open":null,"good_at":1795870390154}',1);
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
INSERT INTO workers VALUES(1,'run-vm-18093-7fc427a1',1795870390130);
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
INSERT INTO jobs VALUES(1,X'629a2a25b45481fef5a721210e715a7f',1,1,0,5,NULL,0,NULL,NULL,0,311100,20,NULL,NULL,0,0,1,311100,0,0,0,5,NULL,'{"id":"629a2a25b45481fef5a721210e715a7f","batch":"p","spec":{"account":"wave","provider":"wave","model":"minimax-hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 1","duration":6}},"price":311100,"priority":0,"stage":{"stage":"succeeded","task":{"id":"task-wave1880845639b1435727083","submission":1,"accepted_at":1795870390159,"polls":7,"word":"processing","progress":81,"overdue":false,"mark":"9bbc09ead96c6e09306d907054cc85a02dfe874fd00a10855110b585aae48ea4"},"files":[{"path":"000001-r1-1.mp4","bytes":23983,"sha256":"f0532901fb602255736d7c57fcbd58d52458fb1703c41adbe671322881505986","source_url":"http://127.0.0.1:33177/files/task-wave1880845639b1435727083/1.mp4?expires=1795956792955","expires_at":1795956792955}]},"submissions":1,"retries":0,"setbacks":0,"link_refreshes":0,"polls":7,"charges":[{"task":"task-wave1880845639b1435727083","submission":1,"amount":311100,"settlement":"charged","at":1795870390162}],"queued_at":1795870390092,"submitted_at":1795870390162,"finished_at":1795870392961,"stored_at":1795870392987,"orphan_of":null,"succeeded_at":1795870392961,"outputs_until":1795956792955}');
INSERT INTO jobs VALUES(2,X'787b677aa7663e75055a4b26da4cec5b',1,1,1,3,NULL,0,1795870394265,NULL,0,311100,19,1,1795870409287,0,0,1,311100,0,0,0,4,NULL,'{"id":"787b677aa7663e75055a4b26da4cec5b","batch":"p","spec":{"account":"wave","provider":"wave","model":"minimax-hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 2","duration":6}},"price":311100,"priority":0,"stage":{"stage":"running","task":{"id":"task-wave5889030005b422376235","submission":1,"accepted_at":1795870390164,"polls":7,"word":"processing","progress":89,"overdue":false,"mark":"ffadb1aa20cc3f533637c2fd200c331ddacffc324d7ccd184e8f8e6d34377543"}},"submissions":1,"retries":0,"setbacks":0,"link_refreshes":0,"polls":7,"charges":[{"task":"task-wave5889030005b422376235","submission":1,"amount":311100,"settlement":"open","at":1795870390169}],"queued_at":1795870390092,"submitted_at":1795870390169,"finished_at":null,"stored_at":null,"orphan_of":null}');
INSERT INTO jobs VALUES(3,X'ad95ebadd405fe6a1bcde1f68fc609b4',1,1,2,5,NULL,0,NULL,NULL,0,311100,18,NULL,NULL,0,0,1,311100,0,0,0,5,NULL,'{"id":"ad95ebadd405fe6a1bcde1f68fc609b4","batch":"p","spec":{"account":"wave","provider":"wave","model":"minimax-hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 3","duration":6}},"price":311100,"priority":0,"stage":{"stage":"succeeded","task":{"id":"task-wave2139961944b689147422","submission":1,"accepted_at":1795870390153,"polls":6,"word":"processing","progress":84,"overdue":false,"mark":"0ea5152e386e9351090f54776b8f342e62483b96c59cc927ab8b107109b080a3"},"files":[{"path":"000003-r3-1.mp4","bytes":23982,"sha256":"fb4e657b2d13e5912d13ec81d93c50d8e577fa85b8ab58a1b86fb7f6a5ef15f1","source_url":"http://127.0.0.1:33177/files/task-wave2139961944b689147422/1.mp4?expires=1795956792241","expires_at":1795956792000}]},"submissions":1,"retries":0,"setbacks":0,"link_refreshes":0,"polls":6,"charges":[{"task":"task-wave2139961944b689147422","submission":1,"amount":311100,"settlement":"charged","at":1795870390169}],"queued_at":1795870390092,"submitted_at":1795870390169,"finished_at":1795870392242,"stored_at":1795870392285,"orphan_of":null,"succeeded_at":1795870392242,"outputs_until":1795956792000}');
INSERT INTO jobs VALUES(4,X'2454384111bf465dd5f7a23a9defd9b4',1,1,3,3,NULL,4,1795870394938,NULL,0,311100,16,NULL,NULL,0,0,1,311100,0,0,0,4,NULL,'{"id":"2454384111bf465dd5f7a23a9defd9b4","batch":"p","spec":{"account":"wave","provider":"wave","model":"minimax-hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 4","duration":6}},"price":311100,"priority":0,"stage":{"stage":"running","task":{"id":"task-wave2776457907b1545132036","submission":1,"accepted_at":1795870392265,"polls":6,"word":"processing","progress":88,"overdue":false,"mark":"a0ee6cb9a4dc67745ebe64ad2c07c540d3bf384116df1135283ec8e018416320"}},"submissions":1,"retries":0,"setbacks":0,"link_refreshes":0,"polls":6,"charges":[{"task":"task-wave2776457907b1545132036","submission":1,"amount":311100,"settlement":"open","at":1795870392270}],"queued_at":1795870390092,"submitted_at":1795870392270,"finished_at":null,"stored_at":null,"orphan_of":null}');
INSERT INTO jobs VALUES(5,X'9afb6512aad0e7af96802ab26ceb9a21',1,1,4,3,NULL,4,1795870394444,NULL,0,311100,14,NULL,NULL,0,0,1,311100,0,0,0,3,NULL,'{"id":"9afb6512aad0e7af96802ab26ceb9a21","batch":"p","spec":{"account":"wave","provider":"wave","model":"minimax-hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 5","duration":6}},"price":311100,"priority":0,"stage":{"stage":"running","task":{"id":"task-wave0152811435b699919713","submission":1,"accepted_at":1795870392989,"polls":5,"word":"processing","progress":41,"overdue":false,"mark":"4f4465db559fe343d1ed19ebeaa8d95785cd88827bc48c4d711ef5273d97e035"}},"submissions":1,"retries":0,"setbacks":0,"link_refreshes":0,"polls":5,"charges":[{"task":"task-wave0152811435b699919713","submission":1,"amount":311100,"settlement":"open","at":1795870392990}],"queued_at":1795870390092,"submitted_at":1795870392990,"finished_at":null,"stored_at":null,"orphan_of":null}');
INSERT INTO jobs VALUES(6,X'36bccdf9ee86590b2a8750a30a3f2ec6',1,1,5,0,NULL,1,1795870390100,NULL,0,311100,1,NULL,NULL,0,0,0,0,0,0,0,0,NULL,'{"id":"36bccdf9ee86590b2a8750a30a3f2ec6","batch":"p","spec":{"account":"wave","provider":"wave","model":"minimax-hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 6","duration":6}},"price":311100,"priority":0,"stage":{"stage":"ready"},"submissions":0,"retries":0,"setbacks":0,"link_refreshes":0,"polls":0,"charges":[],"queued_at":1795870390092,"submitted_at":null,"finished_at":null,"stored_at":null,"orphan_of":null}');
INSERT INTO jobs VALUES(7,X'81f7eee3cd43af09ee2bcdf1d64a0f60',1,1,6,0,NULL,1,1795870390100,NULL,0,311100,1,NULL,NULL,0,0,0,0,0,0,0,0,NULL,'{"id":"81f7eee3cd43af09ee2bcdf1d64a0f60","batch":"p","spec":{"account":"wave","provider":"wave","model":"minimax-hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 7","duration":6}},"price":311100,"priority":0,"stage":{"stage":"ready"},"submissions":0,"retries":0,"setbacks":0,"link_refreshes":0,"polls":0,"charges":[],"queued_at":1795870390092,"submitted_at":null,"finished_at":null,"stored_at":null,"orphan_of":null}');
INSERT INTO jobs VALUES(8,X'3b8b2eea1489175e6865200e84d320bf',1,1,7,0,NULL,1,1795870390100,NULL,0,311100,1,NULL,NULL,0,0,0,0,0,0,0,0,NULL,'{"id":"3b8b2eea1489175e6865200e84d320bf","batch":"p","spec":{"account":"wave","provider":"wave","model":"minimax-hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 8","duration":6}},"price":311100,"priority":0,"stage":{"stage":"ready"},"submissions":0,"retries":0,"setbacks":0,"link_refreshes":0,"polls":0,"charges":[],"queued_at":1795870390092,"submitted_at":null,"finished_at":null,"stored_at":null,"orphan_of":null}');
INSERT INTO jobs VALUES(9,X'bcaa9a3f9a4186f1b67beee64934fcca',1,1,8,0,NULL,1,1795870390100,NULL,0,311100,1,NULL,NULL,0,0,0,0,0,0,0,0,NULL,'{"id":"bcaa9a3f9a4186f1b67beee64934fcca","batch":"p","spec":{"account":"wave","provider":"wave","model":"minimax-hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 9","duration":6}},"price":311100,"priority":0,"stage":{"stage":"ready"},"submissions":0,"retries":0,"setbacks":0,"link_refreshes":0,"polls":0,"charges":[],"queued_at":1795870390092,"submitted_at":null,"finished_at":null,"stored_at":null,"orphan_of":null}');
INSERT INTO jobs VALUES(10,X'e00ae5455e64417c06109b9b71f15d12',1,1,9,0,NULL,1,1795870390100,NULL,0,311100,1,NULL,NULL,0,0,0,0,0,0,0,0,NULL,'{"id":"e00ae5455e64417c06109b9b71f15d12","batch":"p","spec":{"account":"wave","provider":"wave","model":"minimax-hailuo-2.3","mode":"text-to-video","fields":{"prompt":"a cat number 10","duration":6}},"price":311100,"priority":0,"stage":{"stage":"ready"},"submissions":0,"retries":0,"setbacks":0,"link_refreshes":0,"polls":0,"charges":[],"queued_at":1795870390092,"submitted_at":null,"finished_at":null,"stored_at":null,"orphan_of":null}');
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
INSERT INTO lines VALUES(1,1,0,1,1,'r1',NULL,X'629a2a25b45481fef5a721210e715a7f');
INSERT INTO lines VALUES(1,1,1,2,1,'r2',NULL,X'787b677aa7663e75055a4b26da4cec5b');
INSERT INTO lines VALUES(1,1,2,3,1,'r3',NULL,X'ad95ebadd405fe6a1bcde1f68fc609b4');
INSERT INTO lines VALUES(1,1,3,4,1,'r4',NULL,X'2454384111bf465dd5f7a23a9defd9b4');
INSERT INTO lines VALUES(1,1,4,5,1,'r5',NULL,X'9afb6512aad0e7af96802ab26ceb9a21');
INSERT INTO lines VALUES(1,1,5,6,1,'r6',NULL,X'36bccdf9ee86590b2a8750a30a3f2ec6');
INSERT INTO lines VALUES(1,1,6,7,1,'r7',NULL,X'81f7eee3cd43af09ee2bcdf1d64a0f60');
INSERT INTO lines VALUES(1,1,7,8,1,'r8',NULL,X'3b8b2eea1489175e6865200e84d320bf');
INSERT INTO lines VALUES(1,1,8,9,1,'r9',NULL,X'bcaa9a3f9a4186f1b67beee64934fcca');
INSERT INTO lines VALUES(1,1,9,10,1,'r10',NULL,X'e00ae5455e64417c06109b9b71f15d12');
CREATE TABLE staged (
    batch INTEGER NOT NULL REFERENCES batches (id),
    job BLOB NOT NULL,
    position INTEGER NOT NULL,
    account INTEGER NOT NULL,
    price INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    state TEXT, fields TEXT,
    PRIMARY KEY (batch, position)
) WITHOUT ROWID;
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
INSERT INTO history VALUES(1,1,1795870390150,1,'sending','run-vm-18093-7fc427a1','');
INSERT INTO history VALUES(1,2,1795870390162,3,'accepted','run-vm-18093-7fc427a1','task-wave1880845639b1435727083');
INSERT INTO history VALUES(1,3,1795870390332,3,'running','run-vm-18093-7fc427a1','');
INSERT INTO history VALUES(1,4,1795870392961,4,'finished','run-vm-18093-7fc427a1','');
INSERT INTO history VALUES(1,5,1795870392987,5,'stored','run-vm-18093-7fc427a1','');
INSERT INTO history VALUES(2,1,1795870390150,1,'sending','run-vm-18093-7fc427a1','');
INSERT INTO history VALUES(2,2,1795870390169,3,'accepted','run-vm-18093-7fc427a1','task-wave5889030005b422376235');
INSERT INTO history VALUES(2,3,1795870390364,3,'running','run-vm-18093-7fc427a1','');
INSERT INTO history VALUES(2,4,1795870390515,3,'running','run-vm-18093-7fc427a1','');
INSERT INTO history VALUES(3,1,1795870390137,1,'sending','run-vm-18093-7fc427a1','');
INSERT INTO history VALUES(3,2,1795870390169,3,'accepted','run-vm-18093-7fc427a1','task-wave2139961944b689147422');
INSERT INTO history VALUES(3,3,1795870390391,3,'running','run-vm-18093-7fc427a1','');
INSERT INTO history VALUES(3,4,1795870392242,4,'finished','run-vm-18093-7fc427a1','');
INSERT INTO history VALUES(3,5,1795870392285,5,'stored','run-vm-18093-7fc427a1','');
INSERT INTO history VALUES(4,1,1795870392256,1,'sending','run-vm-18093-7fc427a1','');
INSERT INTO history VALUES(4,2,1795870392270,3,'accepted','run-vm-18093-7fc427a1','task-wave2776457907b1545132036');
INSERT INTO history VALUES(4,3,1795870392424,3,'running','run-vm-18093-7fc427a1','');
INSERT INTO history VALUES(4,4,1795870392554,3,'running','run-vm-18093-7fc427a1','');
INSERT INTO history VALUES(5,1,1795870392983,1,'sending','run-vm-18093-7fc427a1','');
INSERT INTO history VALUES(5,2,1795870392990,3,'accepted','run-vm-18093-7fc427a1','task-wave0152811435b699919713');
INSERT INTO history VALUES(5,3,1795870393141,3,'running','run-vm-18093-7fc427a1','');
CREATE TABLE schedules (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    mark INTEGER NOT NULL
, over TEXT NOT NULL DEFAULT '[]');
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
    reason TEXT NOT NULL, after INTEGER,
    PRIMARY KEY (schedule, at)
) WITHOUT ROWID;
CREATE TABLE holds (
    batch TEXT PRIMARY KEY,
    worker TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO holds VALUES('p','run-vm-18093-7fc427a1',1795870390037,1795870406067);
CREATE TABLE shares (
    account INTEGER NOT NULL REFERENCES accounts (id),
    batch INTEGER NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
    pass INTEGER NOT NULL,
    PRIMARY KEY (account, batch)
) WITHOUT ROWID;
INSERT INTO shares VALUES(1,1,80);
CREATE TABLE clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    boot TEXT NOT NULL,
    counted INTEGER NOT NULL,
    store INTEGER NOT NULL,
    wall INTEGER NOT NULL
);
INSERT INTO clock VALUES(1,'d5a9df37-f569-42b3-9b01-19debd00f031',53965309,1795870394287,1795870394288);
CREATE TABLE life (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    identity TEXT NOT NULL,
    commits INTEGER NOT NULL
);
INSERT INTO life VALUES(1,'4803a0e70b0a424127109c11a28c725f',86);
CREATE TABLE restored (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    taken_at INTEGER NOT NULL
);
CREATE TABLE requests (
    key BLOB NOT NULL,
    batch TEXT NOT NULL,
    job BLOB,
    at INTEGER NOT NULL,
    PRIMARY KEY (key, batch)
) WITHOUT ROWID;
CREATE TABLE tasks (
    account INTEGER NOT NULL,
    task TEXT NOT NULL,
    job BLOB NOT NULL,
    PRIMARY KEY (account, task)
) WITHOUT ROWID;
INSERT INTO tasks VALUES(1,'task-wave2776457907b1545132036',X'2454384111bf465dd5f7a23a9defd9b4');
INSERT INTO tasks VALUES(1,'task-wave1880845639b1435727083',X'629a2a25b45481fef5a721210e715a7f');
INSERT INTO tasks VALUES(1,'task-wave5889030005b422376235',X'787b677aa7663e75055a4b26da4cec5b');
INSERT INTO tasks VALUES(1,'task-wave0152811435b699919713',X'9afb6512aad0e7af96802ab26ceb9a21');
INSERT INTO tasks VALUES(1,'task-wave2139961944b689147422',X'ad95ebadd405fe6a1bcde1f68fc609b4');
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
CREATE INDEX ticks_open ON ticks (schedule, at) WHERE state < 2;
CREATE INDEX requests_bought ON requests (at) WHERE job IS NULL;
CREATE INDEX tasks_job ON tasks (job);
COMMIT;
PRAGMA application_id = 1919247724;
PRAGMA user_version = 7;
