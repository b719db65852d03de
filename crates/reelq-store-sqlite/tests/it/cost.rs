//! What a job costs: bytes and calls of writing, by the process's own counters. To be run alone, with its output shown:
//! `cargo nextest run -p reelq-store-sqlite --run-ignored only --no-capture cost`
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reelq_model::{Event, JobId, ManualClock, SharedClock, Timestamp};
use reelq_store::{ClaimStage, Commit, Committed, Lease, SharedStore};
use reelq_store_conformance::{
    Kit, Subject,
    kit::{SECOND, accepted, account, batch, draft, finished, limits, lines, running, sending, stored, wish},
};
use reelq_store_sqlite::SqliteStore;

const JOBS: usize = 640;
const GROUP: usize = 64;

struct File {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
}

impl Subject for File {
    fn store(&self) -> SharedStore {
        let clock: SharedClock = self.clock.clone();
        Arc::new(SqliteStore::open(&self.folder.path().join("state.db"), clock).unwrap())
    }

    fn another(&self) -> SharedStore {
        self.store()
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

/// What the process has spent so far.
struct Spent {
    bytes: u64,
    calls: u64,
    ticks: u64,
}

impl Spent {
    fn now() -> Self {
        let io = std::fs::read_to_string("/proc/self/io").unwrap();
        let of = |name: &str| -> u64 {
            io.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().parse().unwrap()
        };
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks = |at: usize| fields[at].parse::<u64>().unwrap();
        Self { bytes: of("wchar:"), calls: of("syscw:"), ticks: ticks(11) + ticks(12) }
    }

    #[expect(clippy::cast_precision_loss, reason = "figures to look at")]
    fn tell(&self, what: &str, jobs: usize) {
        let (now, jobs) = (Self::now(), jobs as f64);
        let each = |after: u64, before: u64| (after - before) as f64 / jobs;
        println!(
            "{what:28} {:8.0} bytes {:6.2} writes {:8.0} us of CPU",
            each(now.bytes, self.bytes),
            each(now.calls, self.calls),
            each(now.ticks, self.ticks) * 10_000.0
        );
    }
}

/// Commits one event for each lease, a group at a time.
async fn step(kit: &Kit<'_>, leases: &[Lease], event: impl Fn(&Lease) -> Event, keep: bool) -> Vec<Lease> {
    let mut kept = Vec::new();
    for group in leases.chunks(GROUP) {
        let commits: Vec<_> =
            group.iter().map(|lease| Commit { lease: lease.clone(), event: event(lease), keep }).collect();
        for done in kit.store.commit(&commits).await.unwrap() {
            assert!(matches!(done, Committed::Done(_)), "{done:?}");
            kept.extend(if let Committed::Done(lease) = done { lease } else { None });
        }
    }
    kept
}

async fn claim(kit: &Kit<'_>, stage: ClaimStage) -> Vec<Lease> {
    let mut leases = Vec::new();
    while leases.len() < JOBS {
        let claimed = kit.store.claim(&kit.claim_of(stage, GROUP)).await.unwrap().leases;
        assert!(!claimed.is_empty());
        leases.extend(claimed);
    }
    leases
}

fn file() -> File {
    let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(1_800_000_000_000)));
    File { folder: tempfile::tempdir().unwrap(), clock }
}

/// Loads so many jobs; their prompts have 220 characters.
async fn load(file: &File, kit: &Kit<'_>, jobs: usize) {
    let prompt = "a sentence of some length that says what is to be seen ".repeat(4);
    let load = kit.store.begin_import(&draft(&batch("b"))).await.unwrap();
    let (staging, mut from) = (Spent::now(), 0);
    while from < jobs {
        let chunk = (from..jobs.min(from + 1_000)).map(|number| wish(format!("{prompt}{number}")));
        let lines = lines(&batch("b"), &chunk.collect::<Vec<_>>());
        kit.store.add_to_import(&load, &lines).await.unwrap();
        from += 1_000;
    }
    staging.tell("staged", jobs);
    let finishing = Spent::now();
    kit.store.commit_import(&load).await.unwrap();
    finishing.tell("load finished", jobs);
    let conn = rusqlite::Connection::open(file.folder.path().join("state.db")).unwrap();
    let of = |name| conn.pragma_query_value(None, name, |row| row.get::<_, u32>(0)).unwrap() as usize;
    let bytes = |pages: usize| pages * of("page_size") / jobs;
    println!("a job that waits: {} bytes, and {} free", bytes(of("page_count")), bytes(of("freelist_count")));
}

/// At two sizes, to see what grows.
#[tokio::test]
#[ignore = "measures"]
async fn loads() {
    for jobs in [20_000, 200_000] {
        let file = file();
        println!("{jobs} jobs");
        load(&file, &Kit::new(&file), jobs).await;
    }
}

#[tokio::test]
#[ignore = "measures"]
async fn a_jobs_life() {
    let file = file();
    let kit = Kit::new(&file);
    kit.store.set_limits(&account("acct"), &limits(1e6, 1_000_000, 1_000_000)).await.unwrap();
    load(&file, &kit, JOBS).await;
    let life = Spent::now();
    let part = Spent::now();
    let leases = claim(&kit, ClaimStage::Submit).await;
    part.tell("claimed", JOBS);
    let part = Spent::now();
    let leases = step(&kit, &leases, sending, true).await;
    part.tell("sending", JOBS);
    let part = Spent::now();
    let tasks: BTreeMap<JobId, String> =
        leases.iter().enumerate().map(|(number, lease)| (lease.job.id, format!("task-{number}"))).collect();
    step(&kit, &leases, |lease| accepted(lease, &tasks[&lease.job.id]), false).await;
    part.tell("accepted", JOBS);
    for look in ["first look", "second look", "third look"] {
        file.advance(Duration::from_mins(1));
        let part = Spent::now();
        let leases = claim(&kit, ClaimStage::Poll).await;
        part.tell(&format!("{look}: claimed"), JOBS);
        let part = Spent::now();
        step(&kit, &leases, |_| running("running", SECOND), false).await;
        part.tell(look, JOBS);
    }
    file.advance(Duration::from_mins(1));
    let part = Spent::now();
    let leases = claim(&kit, ClaimStage::Poll).await;
    step(&kit, &leases, |_| finished(None), false).await;
    part.tell("claimed and finished", JOBS);
    let part = Spent::now();
    let leases = claim(&kit, ClaimStage::Collect).await;
    step(&kit, &leases, |_| stored(), false).await;
    part.tell("claimed and stored", JOBS);
    life.tell("life without its load", JOBS);
    drop(kit);
    let size = std::fs::metadata(file.folder.path().join("state.db")).unwrap().len();
    println!("the file: {} bytes a job", size / JOBS as u64);
}
