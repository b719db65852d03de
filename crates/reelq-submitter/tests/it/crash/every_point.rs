//! The crash test: one run for each point, ended there, and a second one that must put everything right.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use reelq_model::Status;
use reelq_provider::Idempotency;
use reelq_store::BatchView;
use reelq_worker::RunEnd;
use tokio::{
    runtime::{Builder, Runtime},
    time::timeout,
};

use super::{
    points::Points,
    vendor::Vendor,
    world::{self, ROWS},
};

/// What the world looks like after a crash and the run that followed.
struct Aftermath {
    crashed: bool,
    passed: Vec<String>,
    view: BatchView,
    purchases: BTreeMap<String, usize>,
}

fn process() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Crashes at the `fatal`-th point, then runs to the end.
fn crash_at(fatal: usize, idempotency: Idempotency) -> Aftermath {
    let folder = tempfile::tempdir().unwrap();
    let vendor = Arc::new(Vendor::new(idempotency));
    let points = Arc::new(Points::stopping_at(fatal));
    let first = process();
    let crashed = first.block_on(async {
        let store = world::open(folder.path());
        world::load(&store).await;
        let run = world::work("first", store, &vendor, &points);
        tokio::select! {
            _ = timeout(Duration::from_secs(30), run) => false,
            () = points.stopped.notified() => true,
        }
    });
    // Drops every task where it stands.
    drop(first);
    let view = process().block_on(async {
        let store = world::open(folder.path());
        let free = Arc::new(Points::stopping_at(usize::MAX));
        let run = world::work("second", Arc::clone(&store), &vendor, &free);
        let ending = timeout(Duration::from_secs(30), run).await;
        assert_eq!(ending, Ok(RunEnd::Finished), "after a crash at point {fatal}, past {:?}", points.names());
        store.batch(&world::batch()).await.unwrap().unwrap()
    });
    Aftermath { crashed, passed: points.names(), view, purchases: vendor.purchases() }
}

/// Crashes at every point in turn; gives the names of all points.
fn crash_everywhere(idempotency: Idempotency, check: impl Fn(&Aftermath)) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for fatal in 0.. {
        let aftermath = crash_at(fatal, idempotency);
        check(&aftermath);
        names.extend(aftermath.passed.iter().flat_map(|name| {
            let (side, events) = name.split_once(' ').unwrap();
            events.split(" and ").map(|event| format!("{side} {event}")).collect::<Vec<_>>()
        }));
        if !aftermath.crashed {
            break;
        }
    }
    names
}

const POINTS: [&str; 16] = [
    "after accepted",
    "after finished",
    "after running",
    "after sending",
    "after stored",
    "after the download",
    "after the look",
    "after the purchase",
    "before accepted",
    "before finished",
    "before running",
    "before sending",
    "before stored",
    "before the download",
    "before the look",
    "before the purchase",
];

#[test]
fn crash_anywhere_buys_each_row_once_where_keys_are_replayed() {
    let replay = Idempotency::Replay { window: Duration::from_hours(24) };
    let names = crash_everywhere(replay, |aftermath| {
        let passed = &aftermath.passed;
        assert_eq!(aftermath.view.counts.of(Status::Succeeded), ROWS as u64, "crashed past {passed:?}");
        assert_eq!(aftermath.purchases.values().copied().collect::<Vec<_>>(), [1; ROWS], "crashed past {passed:?}");
        assert_eq!(aftermath.view.spent.micros(), 200_000, "crashed past {passed:?}");
        assert_eq!(aftermath.view.orphans, 0, "crashed past {passed:?}");
    });
    assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), POINTS);
}

#[test]
fn crash_anywhere_never_buys_twice_where_no_keys_are_known() {
    let names = crash_everywhere(Idempotency::None, |aftermath| {
        let (counts, passed) = (&aftermath.view.counts, &aftermath.passed);
        let (succeeded, unconfirmed) = (counts.of(Status::Succeeded), counts.of(Status::Unconfirmed));
        assert_eq!(succeeded + unconfirmed, ROWS as u64, "crashed past {passed:?}");
        assert!(aftermath.purchases.values().all(|count| *count == 1), "crashed past {passed:?}");
        assert!(aftermath.purchases.len() as u64 >= succeeded, "crashed past {passed:?}");
        // Only an intent whose answer was not recorded is left to a person.
        let answered = passed.iter().filter(|name| name.starts_with("after ") && name.contains("accepted"));
        let answered: usize = answered.map(|name| name.matches("accepted").count()).sum();
        assert!(unconfirmed <= (ROWS - answered) as u64, "crashed past {passed:?}");
    });
    assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), POINTS);
}
