//! A real server that forgets, is emptied, is replaced by a replica that is behind or restored elsewhere: no one buys before
//! every journal was held against what is left.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use reelq_journal::{JournalSettings, Journaled};
use reelq_model::{JobId, Status, SystemClock};
use reelq_redis_server::{RedisServer, Reply};
use reelq_store::{AccountLimits, BatchDraft, Claim, ClaimStage, Commit, GuardStep, Lease, SharedStore};
use reelq_store_conformance::kit::{
    LEASE, Wish, accepted, account, batch, draft, limits, lines, sending, wishes, worker,
};
use reelq_store_redis::{LinkOptions, RedisStore};

mod absent;
mod joining;
mod said_again;
mod shared_folder;

const NAME: &str = "b";

/// A machine of its own: a folder of journals.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn journals(&self) -> PathBuf {
        self.0.path().join("journal")
    }

    /// A process of it that buys.
    async fn process(&self, url: &str, name: &str) -> Process {
        self.process_that_keeps(url, name, Duration::from_mins(10)).await
    }

    /// One that keeps lines for so long.
    async fn process_that_keeps(&self, url: &str, name: &str, keep: Duration) -> Process {
        let clock = Arc::new(SystemClock::default());
        let options = LinkOptions {
            longest_pause: Duration::from_millis(50),
            response_timeout: Duration::from_secs(3),
            ..LinkOptions::default()
        };
        let inner =
            RedisStore::open(url.parse().unwrap(), "test".parse().unwrap(), options, clock.clone()).await.unwrap();
        let settings = JournalSettings { keep, ..JournalSettings::new(self.journals(), "test", name) };
        let store = Journaled::open(Arc::new(inner), settings, &worker(name), clock).unwrap();
        Process { store: Arc::new(store), name: name.to_owned(), limits: limits(1_000.0, 1_000, 1_000) }
    }
}

struct Process {
    store: SharedStore,
    name: String,
    /// What its configuration allows.
    limits: AccountLimits,
}

impl Process {
    async fn load(&self, rows: usize) -> Vec<JobId> {
        self.load_as(&draft(&batch(NAME)), &wishes(rows)).await
    }

    async fn load_as(&self, draft: &BatchDraft, wishes: &[Wish]) -> Vec<JobId> {
        let load = self.store.begin_import(draft).await.unwrap();
        let lines = lines(&draft.name, wishes);
        self.store.add_to_import(&load, &lines).await.unwrap();
        self.store.commit_import(&load).await.unwrap();
        lines.iter().map(reelq_store::LineDraft::id).collect()
    }

    async fn allow(&self) {
        self.store.set_limits(&account("acct"), &self.limits).await.unwrap();
    }

    /// Claims purchases, whatever the server is up to.
    async fn claim(&self, limit: usize) -> Vec<Lease> {
        self.claim_of(ClaimStage::Submit, limit).await
    }

    async fn claim_of(&self, stage: ClaimStage, limit: usize) -> Vec<Lease> {
        let claim = Claim {
            stage,
            account: account("acct"),
            limit,
            worker: worker(&self.name),
            lease: LEASE,
            batch: None,
            except: Vec::new(),
            only_open: false,
        };
        for _ in 0..2_000 {
            match self.store.claim(&claim).await {
                // As a worker does where the store has lost them.
                Ok(claimed) if claimed.limits_missing => self.allow().await,
                Ok(claimed) => return claimed.leases,
                Err(error) => assert!(error.is_transient(), "{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the server never came back");
    }

    /// What it would buy anew: of some tries, for the first may only learn that something was lost.
    async fn fresh(&self, limit: usize) -> Vec<Lease> {
        for _ in 0..20 {
            let leases = self.claim(limit).await;
            let fresh: Vec<Lease> = leases.into_iter().filter(|lease| lease.job.status() == Status::Queued).collect();
            if !fresh.is_empty() {
                return fresh;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Vec::new()
    }

    async fn commit(&self, lease: &Lease, event: reelq_model::Event) -> Option<Lease> {
        let keep = matches!(event, reelq_model::Event::Sending { .. });
        let commit = Commit { lease: lease.clone(), event, keep };
        match self.store.commit(&[commit]).await.unwrap().remove(0) {
            reelq_store::Committed::Done(lease) => lease,
            other => panic!("{other:?}"),
        }
    }

    /// Buys what it has claimed.
    async fn buy(&self, lease: &Lease, task: &str) {
        let sent = self.commit(lease, sending(lease)).await.unwrap();
        self.commit(&sent, accepted(&sent, task)).await;
    }

    async fn heartbeat(&self) {
        for _ in 0..2_000 {
            match self.store.heartbeat(&worker(&self.name)).await {
                Ok(_) => return,
                Err(error) => assert!(error.is_transient(), "{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn status(&self, job: JobId) -> Option<Status> {
        self.store.job(job).await.unwrap().map(|view| view.job.status())
    }
}

fn ids(leases: &[Lease]) -> Vec<JobId> {
    leases.iter().map(|lease| lease.job.id).collect()
}

/// Puts the server back to its copy of a while ago, as one that loses what it acknowledged.
fn forget(server: &mut RedisServer, copy: &Path) {
    server.kill();
    let log = server.folder().join("appendonlydir");
    std::fs::remove_dir_all(&log).unwrap();
    copy_folder(copy, &log);
    server.restart();
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn an_idle_process_that_was_told_little_does_not_buy_what_a_lost_commit_had_bought() {
    let mut server = RedisServer::with().append_only("always").start();
    let (here, there) = (Machine::new(), Machine::new());
    let one = here.process(&server.socket_url(), "one").await;
    let other = there.process(&server.socket_url(), "other").await;
    let jobs = one.load(2).await;
    one.heartbeat().await;
    other.heartbeat().await;
    let copy = server.folder().join("copy");
    copy_folder(&server.folder().join("appendonlydir"), &copy);
    let lease = one.fresh(1).await.remove(0);
    one.buy(&lease, "t1").await;
    forget(&mut server, &copy);

    assert_eq!(other.fresh(9).await.len(), 0, "the other machine's journal was not asked yet");
    one.heartbeat().await;
    assert_eq!(one.status(jobs[0]).await, Some(Status::Running));
    assert_eq!(ids(&other.fresh(9).await), [jobs[1]]);
}

#[tokio::test]
async fn a_server_that_was_emptied_under_living_processes_sells_nothing_twice() {
    let server = RedisServer::start();
    let (here, there) = (Machine::new(), Machine::new());
    let one = here.process(&server.socket_url(), "one").await;
    let other = there.process(&server.socket_url(), "other").await;
    let jobs = one.load(3).await;
    one.heartbeat().await;
    other.heartbeat().await;
    let lease = one.fresh(1).await.remove(0);
    one.buy(&lease, "t1").await;
    let lease = other.fresh(1).await.remove(0);
    other.buy(&lease, "t2").await;
    server.command(&["FLUSHALL"]);

    // Imported again before anybody has noticed, and by one that has nothing to buy with.
    assert_eq!(one.load(3).await, jobs);
    assert_eq!(other.fresh(9).await.len(), 0, "one's journal was not asked yet");
    one.heartbeat().await;
    other.heartbeat().await;
    assert_eq!(ids(&other.fresh(9).await), [jobs[2]]);
    for job in &jobs[..2] {
        assert_eq!(one.status(*job).await, Some(Status::Running));
    }
}

#[tokio::test]
async fn rows_that_come_back_after_everybody_was_asked_are_asked_for_again() {
    let server = RedisServer::start();
    let (here, there) = (Machine::new(), Machine::new());
    let one = here.process(&server.socket_url(), "one").await;
    let other = there.process(&server.socket_url(), "other").await;
    let jobs = one.load(2).await;
    one.heartbeat().await;
    other.heartbeat().await;
    let lease = one.fresh(1).await.remove(0);
    one.buy(&lease, "t1").await;
    server.command(&["FLUSHALL"]);
    one.load(1).await;
    for process in [&one, &other, &one, &other] {
        process.heartbeat().await;
    }
    // The batch is emptied again by hand, and everybody has been asked about nothing.
    server.command(&["FLUSHALL"]);
    for process in [&other, &one, &other, &one] {
        process.heartbeat().await;
    }
    let guard = other.store.guard(&GuardStep::Read).await.unwrap();
    assert_eq!((guard.folders.len(), guard.awaited().count()), (2, 0), "{guard:?}");

    assert_eq!(other.load(2).await, jobs);
    assert_eq!(other.fresh(9).await.len(), 0, "one's journal knows a row of it");
    one.heartbeat().await;
    assert_eq!(one.status(jobs[0]).await, Some(Status::Running));
    assert_eq!(ids(&other.fresh(9).await), [jobs[1]]);
}

#[tokio::test]
async fn a_state_that_is_restored_at_another_address_is_told_what_was_bought_since() {
    let server = RedisServer::with().tcp().append_only("always").start();
    let machine = Machine::new();
    let url = |server: &RedisServer, host: &str| format!("redis://{host}:{}/0", server.port());
    let one = machine.process(&url(&server, "127.0.0.1"), "one").await;
    let jobs = one.load(2).await;
    one.heartbeat().await;
    let copy = server.folder().join("copy");
    copy_folder(&server.folder().join("appendonlydir"), &copy);
    let lease = one.fresh(1).await.remove(0);
    one.buy(&lease, "t1").await;
    drop(one);

    let mut elsewhere = RedisServer::with().tcp().append_only("always").start();
    forget(&mut elsewhere, &copy);
    let later = machine.process(&url(&elsewhere, "localhost"), "later").await;
    assert_eq!(later.status(jobs[0]).await, Some(Status::Queued), "the copy is older");
    assert_eq!(ids(&later.fresh(9).await), [jobs[1]]);
    assert_eq!(later.status(jobs[0]).await, Some(Status::Running));
}

#[tokio::test]
async fn a_replica_that_is_behind_sells_nothing_twice_whatever_it_syncs() {
    let mut master = RedisServer::with().tcp().append_only("always").start();
    let replica = RedisServer::with()
        .tcp()
        .append_only("always")
        .directive(&format!("replicaof 127.0.0.1 {}", master.port()))
        .start();
    let sentinel_free = Machine::new();
    let there = Machine::new();
    let one = sentinel_free.process(&format!("redis://127.0.0.1:{}/0", master.port()), "one").await;
    let jobs = one.load(2).await;
    one.heartbeat().await;
    until_it_has_all_of(&replica, &master).await;
    // It hears no more of its master from here on.
    replica.command(&["REPLICAOF", "NO", "ONE"]);
    let lease = one.fresh(1).await.remove(0);
    one.buy(&lease, "t1").await;
    drop(one);
    master.kill();

    let url = format!("redis://127.0.0.1:{}/0", replica.port());
    let other = there.process(&url, "other").await;
    assert_eq!(other.fresh(9).await.len(), 0, "the first machine's journal was not asked yet");
    let again = sentinel_free.process(&url, "again").await;
    again.heartbeat().await;
    assert_eq!(again.status(jobs[0]).await, Some(Status::Running));
    assert_eq!(ids(&other.fresh(9).await), [jobs[1]]);
}

/// Waits until the replica has what the master has done so far.
async fn until_it_has_all_of(replica: &RedisServer, master: &RedisServer) {
    let mark = master.command(&["GET", "reelq:{test}:news"]).text().to_owned();
    for _ in 0..2_000 {
        if matches!(replica.command(&["GET", "reelq:{test}:news"]), Reply::Text(text) if text == mark) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the replica does not follow its master");
}

/// Waits until the server says so of its replication.
async fn until_it_says(server: &RedisServer, wanted: &str) {
    for _ in 0..2_000 {
        if server.command(&["INFO", "replication"]).text().contains(wanted) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", server.command(&["INFO", "replication"]));
}

#[tokio::test]
async fn a_master_that_was_a_replica_in_between_sells_nothing_twice_though_it_was_never_restarted() {
    let server = RedisServer::with().tcp().append_only("always").directive("repl-backlog-ttl 1").start();
    let behind = RedisServer::with().tcp().directive(&format!("replicaof 127.0.0.1 {}", server.port())).start();
    let (here, there) = (Machine::new(), Machine::new());
    let one = here.process(&server.socket_url(), "one").await;
    let other = there.process(&server.socket_url(), "other").await;
    let jobs = one.load(2).await;
    one.heartbeat().await;
    other.heartbeat().await;
    until_it_says(&behind, "master_link_status:up").await;
    until_it_has_all_of(&behind, &server).await;
    behind.command(&["REPLICAOF", "NO", "ONE"]);
    let lease = one.fresh(1).await.remove(0);
    one.buy(&lease, "t1").await;
    // It takes over what the other one has, which is less, and is the master again; the trace of that is gone soon.
    let port = behind.port().to_string();
    server.command(&["REPLICAOF", "127.0.0.1", &port]);
    until_it_says(&server, "master_link_status:up").await;
    server.command(&["REPLICAOF", "NO", "ONE"]);
    until_it_says(&server, &format!("master_replid2:{}", "0".repeat(40))).await;

    assert_eq!(other.fresh(9).await.len(), 0, "one's journal was not asked yet");
    one.heartbeat().await;
    assert_eq!(one.status(jobs[0]).await, Some(Status::Running));
    assert_eq!(ids(&other.fresh(9).await), [jobs[1]]);
}

#[tokio::test]
async fn replicas_that_come_and_go_hold_nobody_up() {
    let server = RedisServer::with().tcp().directive("repl-backlog-ttl 1").start();
    let (gone, here) = (Machine::new(), Machine::new());
    let lost = gone.process(&server.socket_url(), "lost").await;
    let one = here.process(&server.socket_url(), "one").await;
    one.load(2).await;
    lost.heartbeat().await;
    one.heartbeat().await;
    drop(lost);
    let of = |name: &str| {
        let said = server.command(&["INFO", "replication"]).text().to_owned();
        said.lines().find(|line| line.starts_with(name)).map(str::to_owned)
    };
    let before = of("master_replid:");
    let replica = RedisServer::with().tcp().directive(&format!("replicaof 127.0.0.1 {}", server.port())).start();
    until_it_says(&replica, "master_link_status:up").await;
    let with_one = of("master_replid:");
    assert_ne!(with_one, before);
    assert_eq!(one.fresh(1).await.len(), 1);
    drop(replica);
    until_it_says(&server, "repl_backlog_active:0").await;
    assert_ne!(of("master_replid:"), with_one);
    assert_eq!(one.fresh(1).await.len(), 1);
}

#[tokio::test]
async fn a_machine_that_is_gone_is_waited_for_until_a_person_says_otherwise() {
    let mut server = RedisServer::with().append_only("always").start();
    let (gone, here) = (Machine::new(), Machine::new());
    let lost = gone.process(&server.socket_url(), "lost").await;
    let one = here.process(&server.socket_url(), "one").await;
    one.load(1).await;
    lost.heartbeat().await;
    one.heartbeat().await;
    drop(lost);
    server.kill();
    server.restart();

    assert_eq!(one.fresh(9).await.len(), 0);
    let guard = one.store.guard(&GuardStep::Read).await.unwrap();
    let awaited: Vec<_> = guard.awaited().map(|view| view.folder.clone()).collect();
    assert_eq!(awaited.iter().map(|folder| folder.host.as_str()).collect::<Vec<_>>(), ["lost"]);
    one.store.guard(&GuardStep::Release(vec![awaited[0].id.clone()])).await.unwrap();
    assert_eq!(one.fresh(9).await.len(), 1);
}

#[tokio::test]
async fn who_ended_in_good_order_and_who_shares_a_folder_with_a_living_process_holds_nobody_up() {
    let mut server = RedisServer::with().append_only("always").start();
    let (left, here) = (Machine::new(), Machine::new());
    let orderly = left.process(&server.socket_url(), "orderly").await;
    let killed = here.process(&server.socket_url(), "killed").await;
    let one = here.process(&server.socket_url(), "one").await;
    let jobs = one.load(2).await;
    for process in [&orderly, &killed, &one] {
        process.heartbeat().await;
    }
    let lease = killed.fresh(1).await.remove(0);
    killed.buy(&lease, "t1").await;
    drop(killed);
    orderly.store.deregister(&worker("orderly")).await.unwrap();
    server.kill();
    server.restart();
    assert_eq!(ids(&one.fresh(9).await), [jobs[1]]);
}

#[tokio::test]
async fn what_a_journal_holds_no_more_needs_a_person() {
    let mut server = RedisServer::with().append_only("always").start();
    let machine = Machine::new();
    let one = machine.process(&server.socket_url(), "one").await;
    one.load(2).await;
    one.heartbeat().await;
    let copy = server.folder().join("copy");
    copy_folder(&server.folder().join("appendonlydir"), &copy);
    let lease = one.fresh(1).await.remove(0);
    one.buy(&lease, "t1").await;
    drop(one);
    // As if its lines had been told long ago and were dropped since.
    let lives = std::fs::read_dir(machine.journals()).unwrap().map(|entry| entry.unwrap().path());
    let lives = lives.into_iter().find(|path| path.extension().is_some_and(|end| end == "lives")).unwrap();
    let told = std::fs::read_to_string(&lives).unwrap().replace("\"dropped\":0", "\"dropped\":1000000");
    std::fs::write(&lives, told).unwrap();
    forget(&mut server, &copy);

    let later = machine.process(&server.socket_url(), "later").await;
    assert_eq!(later.fresh(9).await.len(), 0);
    let guard = later.store.guard(&GuardStep::Read).await.unwrap();
    assert!(guard.awaited().all(|view| view.is_short) && guard.awaited().count() == 1, "{guard:?}");
    let short = vec![guard.folders[0].folder.id.clone()];
    later.store.guard(&GuardStep::Release(short)).await.unwrap();
    later.heartbeat().await;
    assert_eq!(
        later.fresh(9).await.len(),
        1,
        "the person has spoken of all that it lacks, and what it knows is not bought again"
    );
}
