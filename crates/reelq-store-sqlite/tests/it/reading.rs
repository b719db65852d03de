//! A state that is only read, one that came from a backup, and the time of a state whose clock is set.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

use reelq_model::{Clock, ManualClock, SharedClock, Timestamp};
use reelq_store::{ClaimStage, SharedStore, Store as _};
use reelq_store_conformance::{
    Kit, Subject,
    kit::{batch, wishes},
};
use reelq_store_sqlite::SqliteStore;

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const HOUR: i64 = 3_600_000;

/// A machine whose clock on the wall is set, and whose counter goes on.
#[derive(Debug)]
struct Machine {
    passed: ManualClock,
    set_by: AtomicI64,
}

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.passed.now().millis() + self.set_by.load(SeqCst))
    }

    fn monotonic(&self) -> Duration {
        self.passed.monotonic()
    }

    fn counter(&self) -> Option<(&str, Duration)> {
        Some(("this running", self.passed.monotonic()))
    }
}

struct File {
    folder: tempfile::TempDir,
    machine: Arc<Machine>,
}

impl File {
    fn new() -> Self {
        let machine = Machine { passed: ManualClock::starting_at(START), set_by: AtomicI64::new(0) };
        Self { folder: tempfile::tempdir().unwrap(), machine: Arc::new(machine) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn clock(&self) -> SharedClock {
        self.machine.clone()
    }

    fn reading(&self) -> SqliteStore {
        SqliteStore::open_reading(&self.path("state.db"), &self.clock()).unwrap()
    }

    fn files(&self) -> BTreeSet<String> {
        let listed = std::fs::read_dir(self.folder.path()).unwrap();
        listed.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }
}

impl Subject for File {
    fn store(&self) -> SharedStore {
        Arc::new(SqliteStore::open(&self.path("state.db"), self.clock()).unwrap())
    }

    fn another(&self) -> SharedStore {
        self.store()
    }

    fn advance(&self, by: Duration) {
        self.machine.passed.advance(by);
    }
}

#[tokio::test]
async fn reading_waits_for_no_writer_makes_no_file_and_changes_nothing() {
    let file = File::new();
    let kit = Kit::new(&file);
    kit.load("b", &wishes(2)).await;
    let writer = rusqlite::Connection::open(file.path("state.db")).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; UPDATE batches SET paused = 1").unwrap();
    let store = file.reading();
    assert!(!store.batch(&batch("b")).await.unwrap().unwrap().paused, "what is not committed is not seen");
    let refused = store.pause_batch(&batch("b"), true).await.unwrap_err();
    assert!(refused.to_string().contains("opened to be read"), "{refused}");
    let mark = store.watch(0, Duration::ZERO).await.unwrap();
    writer.execute_batch("COMMIT").unwrap();
    assert_ne!(store.watch(mark, Duration::from_secs(20)).await.unwrap(), mark, "it hears of what others commit");
    assert!(store.batch(&batch("b")).await.unwrap().unwrap().paused);
    drop((kit, writer));
    let (at_rest, bytes) = (file.files(), std::fs::read(file.path("state.db")).unwrap());
    assert_eq!(store.batches().await.unwrap().len(), 1);
    assert_eq!(file.reading().batches().await.unwrap().len(), 1);
    assert!((file.files(), std::fs::read(file.path("state.db")).unwrap()) == (at_rest, bytes));
}

#[tokio::test]
async fn a_state_of_an_older_format_is_read_and_left_as_it_is() {
    let file = File::new();
    let old = rusqlite::Connection::open(file.path("state.db")).unwrap();
    old.execute_batch(include_str!("golden/state_v1.sql")).unwrap();
    drop(old);
    let before = std::fs::read(file.path("state.db")).unwrap();
    let view = file.reading().batch(&batch("p")).await.unwrap().unwrap();
    assert_eq!(view.counts.total(), 8);
    assert!(std::fs::read(file.path("state.db")).unwrap() == before);
    assert_eq!(file.files(), BTreeSet::from(["state.db".to_owned()]));
}

#[tokio::test]
async fn a_state_that_came_from_a_backup_buys_nothing_before_a_person_accepts_it() {
    let file = File::new();
    let kit = Kit::new(&file);
    kit.load("b", &wishes(2)).await;
    let running = kit.start_next("t1").await;
    let (state, copy) = (file.path("state.db"), file.path("copy.db"));
    let taken = SqliteStore::back_up(&state, &copy, &file.clock()).unwrap();
    assert_eq!((taken.taken_at, taken.jobs), (START, 2));
    assert!(SqliteStore::restore(&copy, &state, &file.clock()).is_err(), "a process has it open");
    drop(kit);
    let back = SqliteStore::restore(&copy, &state, &file.clock()).unwrap();
    assert!(back.before.is_some_and(|path| path.exists()));

    let kit = Kit::new(&file);
    assert_eq!(kit.store.restored().await.unwrap(), Some(START));
    let claim = kit.claim_of(ClaimStage::Submit, 9);
    assert!(kit.store.claim(&claim).await.unwrap().leases.is_empty());
    file.advance(Duration::from_hours(1));
    let polls = kit.store.claim(&kit.claim_of(ClaimStage::Poll, 9)).await.unwrap().leases;
    assert_eq!(polls.iter().map(|lease| lease.job.id).collect::<Vec<_>>(), [running], "what runs is followed");
    assert!(kit.store.accept_restored().await.unwrap() && !kit.store.accept_restored().await.unwrap());
    assert_eq!(kit.store.claim(&claim).await.unwrap().leases.len(), 1);
}

#[tokio::test]
async fn a_copy_that_is_put_back_is_told_by_the_witness_and_a_state_that_goes_on_is_not() {
    let file = File::new();
    let (state, copy) = (file.path("state.db"), file.path("copy.db"));
    Kit::new(&file).load("b", &wishes(1)).await;
    std::fs::copy(&state, &copy).unwrap();
    Kit::new(&file).load("c", &wishes(1)).await;
    assert_eq!(Kit::new(&file).store.restored().await.unwrap(), None);
    std::fs::copy(&copy, &state).unwrap();
    assert!(Kit::new(&file).store.restored().await.unwrap().is_some());
    let kit = Kit::new(&file);
    assert!(kit.store.restored().await.unwrap().is_some(), "it stays told");
    kit.store.accept_restored().await.unwrap();
    drop(kit);
    assert_eq!(Kit::new(&file).store.restored().await.unwrap(), None);
}

#[tokio::test]
async fn no_wait_and_no_lease_ends_or_lasts_by_the_clock_that_is_set() {
    for step in [-HOUR, HOUR, -100 * HOUR, 9_000 * HOUR] {
        let file = File::new();
        let kit = Kit::new(&file);
        kit.load("b", &wishes(2)).await;
        kit.start_next("t1").await;
        let lease = kit.submit().await;
        file.machine.set_by.store(step, SeqCst);
        let other = kit.another();
        assert_eq!(other.store.heartbeat(&other.me).await.unwrap(), 0, "{step}: no lease has ended");
        let now = kit.store.now().await.unwrap();
        assert!(now.since(START) < Duration::from_secs(1) && START.since(now).is_zero(), "{step}: {now}");
        file.advance(Duration::from_secs(2));
        assert!(kit.store.extend(std::slice::from_ref(&lease), Duration::from_mins(1)).await.unwrap()[0], "{step}");
        file.advance(Duration::from_mins(30));
        let polls = kit.store.claim(&kit.claim_of(ClaimStage::Poll, 9)).await.unwrap().leases;
        assert_eq!(polls.len(), 1, "{step}: what was due meanwhile is due");
    }
}
