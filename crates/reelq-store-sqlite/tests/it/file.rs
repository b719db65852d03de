//! What is true of the embedded store alone: its file, its locks, its size and its speed.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{path::Path, sync::Arc, time::Duration};

use reelq_model::{ManualClock, ScheduleName, SharedClock, Status, Timestamp, WorkerId};
use reelq_store::{BatchHold, ClaimStage, Commit, Error, Page, SharedStore, TickClaim, TickClaimed};
use reelq_store_conformance::{
    Kit, Subject,
    kit::{LEASE, SECOND, accepted, account, batch, draft, ids, limits, lines, wish, wishes, worker},
};
use reelq_store_sqlite::SqliteStore;

pub(crate) struct File {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
}

impl File {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(1_800_000_000_000)));
        Self { folder: tempfile::tempdir().unwrap(), clock }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("deep/state.db")
    }

    pub(crate) fn open(&self) -> Result<SqliteStore, Error> {
        let clock: SharedClock = self.clock.clone();
        SqliteStore::open(&self.path(), clock)
    }

    pub(crate) fn sql(&self) -> rusqlite::Connection {
        std::fs::create_dir_all(self.path().parent().unwrap()).unwrap();
        rusqlite::Connection::open(self.path()).unwrap()
    }
}

impl Subject for File {
    fn store(&self) -> SharedStore {
        Arc::new(self.open().unwrap())
    }

    fn another(&self) -> SharedStore {
        self.store()
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_restart() {
    let file = File::new();
    let job = {
        let kit = Kit::new(&file);
        kit.load("b", &wishes(2)).await;
        kit.start_next("t1").await
    };
    let kit = Kit::new(&file);
    assert_eq!(kit.view(job).await.job.status(), Status::Running);
    assert_eq!(kit.batch("b").await.counts.of(Status::Queued), 1);
}

#[tokio::test]
async fn leases_of_a_process_that_ended_are_taken_back_at_once() {
    let file = File::new();
    let dead = Kit::new(&file);
    dead.load("b", &wishes(2)).await;
    let lease = dead.submit().await;
    drop(dead);
    let kit = Kit::new(&file).another();
    assert_eq!(kit.store.heartbeat(&worker("w9")).await.unwrap(), 1);
    assert_eq!(kit.submit().await.job.id, lease.job.id);
    let names: Vec<_> = kit.store.workers().await.unwrap().into_iter().map(|view| view.id).collect();
    assert_eq!(names, [worker("w9")]);
    let locks = std::fs::read_dir(file.path().with_extension("workers")).unwrap().count();
    assert_eq!(locks, 1, "the dead worker's lock file is gone");
}

#[tokio::test]
async fn ticks_and_batches_of_a_process_that_ended_are_taken_at_once() {
    let file = File::new();
    let (dead, other) = (Kit::new(&file), Kit::new(&file).another());
    let schedule = ScheduleName::new("nightly").unwrap();
    let at = dead.store.schedule(&schedule).await.unwrap().after(SECOND);
    let claim_by = |worker: &WorkerId| TickClaim {
        schedule: schedule.clone(),
        at,
        late: false,
        after: None,
        passes: None,
        worker: worker.clone(),
        lease: LEASE,
    };
    let name = batch("b");
    assert!(matches!(dead.store.tick(&claim_by(&dead.me)).await.unwrap(), TickClaimed::Won(_)));
    assert_eq!(dead.store.acquire_run_lock(&name, &dead.me, LEASE).await.unwrap(), BatchHold::Held);
    assert!(matches!(other.store.tick(&claim_by(&other.me)).await.unwrap(), TickClaimed::Taken { .. }));
    assert!(matches!(other.store.acquire_run_lock(&name, &other.me, LEASE).await.unwrap(), BatchHold::Taken { .. }));
    drop(dead);
    let won = other.store.tick(&claim_by(&other.me)).await.unwrap();
    assert!(matches!(&won, TickClaimed::Won(lease) if lease.token == 2), "{won:?}");
    assert_eq!(other.store.acquire_run_lock(&name, &other.me, LEASE).await.unwrap(), BatchHold::Held);
}

#[tokio::test]
async fn a_worker_that_restarts_under_its_name_takes_its_own_leases_back() {
    let file = File::new();
    let before = Kit::new(&file);
    before.load("b", &wishes(1)).await;
    let lease = before.submit().await;
    drop(before);
    let kit = Kit::new(&file);
    assert_eq!(ids(&kit.submits(1).await), [lease.job.id]);
}

#[tokio::test]
async fn two_live_processes_cannot_share_a_worker_name() {
    let file = File::new();
    let (one, two) = (file.store(), file.store());
    one.heartbeat(&worker("w1")).await.unwrap();
    let refused = two.heartbeat(&worker("w1")).await.unwrap_err();
    assert!(refused.to_string().contains("already at work"), "{refused}");
    one.deregister(&worker("w1")).await.unwrap();
    two.heartbeat(&worker("w1")).await.unwrap();
}

#[tokio::test]
async fn processes_that_write_at_once_wait_for_each_other() {
    let file = File::new();
    let kit = Kit::new(&file);
    kit.load("b", &wishes(200)).await;
    let claims = (0..4).map(|number| {
        let store = file.store();
        let mut claim = kit.claim_of(ClaimStage::Submit, 1);
        claim.worker = worker(&format!("p{number}"));
        async move {
            let mut taken = Vec::new();
            for _ in 0..50 {
                taken.extend(ids(&store.claim(&claim).await.unwrap().leases));
            }
            taken
        }
    });
    let mut tasks = tokio::task::JoinSet::new();
    for claim in claims {
        tasks.spawn(claim);
    }
    let mut taken: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    taken.sort();
    taken.dedup();
    assert_eq!(taken.len(), 200, "each job once");
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let file = File::new();
    std::fs::create_dir_all(file.path().parent().unwrap()).unwrap();
    let text = "id,prompt\n1,a cat\n".repeat(100);
    std::fs::write(file.path(), &text).unwrap();
    let error = file.open().unwrap_err();
    assert!(matches!(&error, Error::Broken { reason } if reason.contains("not a database")), "{error}");
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), text);
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let file = File::new();
    file.sql().execute_batch("CREATE TABLE theirs (a)").unwrap();
    let error = file.open().unwrap_err();
    assert!(matches!(&error, Error::Broken { reason } if reason.contains("another program")), "{error}");
    let tables: i64 = file.sql().query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let file = File::new();
    drop(file.open().unwrap());
    file.sql().pragma_update(None, "user_version", 99).unwrap();
    let error = file.open().unwrap_err();
    assert!(matches!(error, Error::Format { found: 99, supported: 11 }), "{error}");
}

#[tokio::test]
async fn a_process_whose_file_a_newer_version_took_over_changes_nothing_more_and_keeps_what_was_paid_for() {
    let file = File::new();
    let kit = Kit::new(&file);
    kit.load("b", &wishes(2)).await;
    let sent = kit.send(&kit.submit().await).await;
    file.sql().pragma_update(None, "user_version", 99).unwrap();
    let refused = kit.store.claim(&kit.claim_of(ClaimStage::Submit, 1)).await.unwrap_err();
    assert!(matches!(refused, Error::Format { found: 99, supported: 11 }), "{refused}");
    assert!(!refused.is_transient(), "no one waits for it to pass");
    let step = Commit { lease: sent.clone(), event: accepted(&sent, "t1"), keep: false };
    kit.store.commit(&[step]).await.unwrap_err();
    drop(kit);
    // The next version takes the paid task in; here, this one does once more.
    file.sql().pragma_update(None, "user_version", 11).unwrap();
    let kit = Kit::new(&file);
    assert_eq!(kit.view(sent.job.id).await.job.status(), Status::Running);
}

#[tokio::test]
async fn a_locked_file_is_waited_for() {
    let file = File::new();
    let kit = Kit::new(&file);
    kit.load("b", &wishes(1)).await;
    let other = file.sql();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (b, unlocked) = (batch("b"), async {
        assert!(!kit.batch("b").await.paused, "readers do not wait");
        other.execute_batch("COMMIT").unwrap();
    });
    tokio::join!(kit.store.pause_batch(&b, true), unlocked).0.unwrap();
    assert!(kit.batch("b").await.paused);
}

/// One store with many lines; rows of a thousand characters would only slow the test.
async fn large(file: &File, count: usize) -> Kit<'_> {
    let kit = Kit::new(file);
    kit.store.set_limits(&account("acct"), &limits(1e6, 1_000_000, 1_000_000)).await.unwrap();
    let load = kit.store.begin_import(&draft(&batch("b"))).await.unwrap();
    let all: Vec<_> = (0..count).map(|number| wish(format!("prompt {number}"))).collect();
    for chunk in lines(&batch("b"), &all).chunks(5_000) {
        kit.store.add_to_import(&load, chunk).await.unwrap();
    }
    kit.store.commit_import(&load).await.unwrap();
    kit
}

#[tokio::test]
async fn a_large_manifest_is_paged_through_and_reloaded_in_place() {
    let file = File::new();
    let kit = large(&file, 20_000).await;
    let mut after = 0;
    loop {
        let page = kit.store.results(&batch("b"), Page { after, limit: 3_000 }).await.unwrap();
        let rows = page.iter().map(|line| line.view.line.as_ref().unwrap().row);
        assert!(rows.zip(after + 1..).all(|(row, expected)| row == expected));
        if page.is_empty() {
            break;
        }
        after += u64::try_from(page.len()).unwrap();
    }
    assert_eq!(after, 20_000);
    drop(kit);
    let kit = large(&file, 20_000).await;
    let view = kit.batch("b").await;
    assert_eq!((view.counts.of(Status::Queued), view.others.total()), (20_000, 0));
    assert_eq!(kit.submits(100).await.len(), 100);
    kit.advance(LEASE + SECOND);
    assert_eq!(kit.store.heartbeat(&worker("w2")).await.unwrap(), 100);
}

#[test]
fn nothing_of_the_store_names_a_path_that_is_not_there() {
    let clock: SharedClock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(0)));
    let error = SqliteStore::open(Path::new("/dev/null/state.db"), clock).unwrap_err();
    assert!(error.to_string().contains("/dev/null"), "{error}");
}
