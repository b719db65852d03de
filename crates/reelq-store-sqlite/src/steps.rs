//! No statement's work grows with what there is: each that runs is counted, whatever verb it belongs to.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reelq_model::{ManualClock, SharedClock, Timestamp};
use reelq_store::SharedStore;
use reelq_store_conformance::{
    Kit, Subject,
    growth::{Size, each_verb, grown},
};
use rusqlite::{
    Connection, StatementStatus,
    trace::{TraceEvent, TraceEventCodes},
};

use super::SqliteStore;

/// The steps of each statement since they were last asked for.
static RUN: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

/// Counts each statement of the connection when it has run.
pub(super) fn watched(mut conn: Connection) -> Connection {
    // A statement's counter goes on from one run to the next. What is prepared anew begins with its first run.
    let mut after = BTreeMap::new();
    let note = move |event: TraceEvent<'_>| {
        let TraceEvent::Profile(statement, _) = event else { return };
        let [steps, runs] = [StatementStatus::VmStep, StatementStatus::Run].map(|of| statement.get_status(of));
        let sql = statement.sql().into_owned();
        after.insert((sql.clone(), runs), steps);
        let before = if runs > 1 { after.get(&(sql.clone(), runs - 1)).copied().unwrap_or(0) } else { 0 };
        *run().entry(sql).or_default() += u64::try_from(steps - before).unwrap_or(0);
    };
    conn.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(note)).unwrap();
    conn
}

fn run() -> MutexGuard<'static, BTreeMap<String, u64>> {
    RUN.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Sqlite {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    store: SharedStore,
}

impl Sqlite {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(1_800_000_000_000)));
        let shared: SharedClock = clock.clone();
        let store = Arc::new(SqliteStore::open(&folder.path().join("state.db"), shared).unwrap());
        Self { folder, clock, store }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("state.db")
    }
}

impl Subject for Sqlite {
    fn store(&self) -> SharedStore {
        Arc::clone(&self.store)
    }

    fn another(&self) -> SharedStore {
        let clock: SharedClock = self.clock.clone();
        Arc::new(SqliteStore::open(&self.path(), clock).unwrap())
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

/// The steps of each statement, by what was done.
async fn counted(size: Size) -> BTreeMap<(String, String), u64> {
    let subject = Sqlite::new();
    let mut all = BTreeMap::new();
    let note = |what: &str| {
        let run = std::mem::take(&mut *run());
        if !what.is_empty() {
            for (sql, steps) in run {
                let most = all.entry((what.to_owned(), sql)).or_insert(0);
                *most = steps.max(*most);
            }
        }
    };
    each_verb(&Kit::new(&subject), size, note).await;
    all
}

/// Whose answer has all batches in it.
const TELL_OF_BATCHES: [&str; 6] =
    ["batches", "unnoted", "imports_seen", "scan of all", "scan of a status in all", "scan of another account"];
/// What steps over a bounded number of jobs a call: those that failed otherwise, for a kind of failure is in no index, and those
/// without a line, which are few.
const BOUNDED: [&str; 2] = ["scan of a kind of failure", "scan of another account"];

#[tokio::test]
async fn no_statement_steps_over_more_where_there_are_more_jobs_or_batches() {
    let small = counted(Size { jobs: 256, batches: 4 }).await;
    assert!(small.len() > 200, "the statements of all verbs are seen: {}", small.len());
    let large = counted(Size { jobs: 2_048, batches: 4 }).await;
    let told =
        |((what, sql), before, after): ((String, String), u64, u64)| format!("{what}: {before} -> {after}: {sql}");
    let is_bounded = |what: &str| BOUNDED.iter().any(|of| what.starts_with(of));
    let by_jobs = grown(&small, &large, 200).into_iter().filter(|found| !is_bounded(&found.0.0));
    let by_jobs: Vec<_> = by_jobs.map(told).collect();
    assert!(by_jobs.is_empty(), "with more jobs:\n{}", by_jobs.join("\n"));
    let many = counted(Size { jobs: 256, batches: 64 }).await;
    let is_of_all = |what: &str| TELL_OF_BATCHES.iter().any(|of| what.starts_with(of));
    let by_batches = grown(&small, &many, 200).into_iter().filter(|found| !is_of_all(&found.0.0));
    let by_batches: Vec<_> = by_batches.map(told).collect();
    assert!(by_batches.is_empty(), "with more batches:\n{}", by_batches.join("\n"));
}
