//! A store that is unreachable for a while, or that forgets what it acknowledged: every job is bought once and accounted for.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use reelq_journal::{JournalSettings, Journaled};
use reelq_model::{JobId, Status, SystemClock, WorkerId};
use reelq_store::{ClaimStage, SharedStore};
use reelq_store_conformance::Forgetful;
use reelq_store_sqlite::SqliteStore;
use reelq_worker::{Finish, RunEnd, Spawner};
use tokio::{sync::Notify, time::timeout};

use crate::support::{Scripted, World, accepted, finds_finished, sending, slots, stores};
use crate::{
    log::Log,
    paid::{Vendor, buys_from},
};

/// A world whose store can be unreachable and forget, with a journal in front of it or none.
struct Unsteady {
    folder: tempfile::TempDir,
    store: Arc<Forgetful>,
    world: World,
    first: JobId,
}

impl Unsteady {
    async fn load(jobs: usize, journalled: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: reelq_model::SharedClock = Arc::new(SystemClock::new());
        let state = folder.path().join("state");
        std::fs::create_dir(&state).unwrap();
        let store = Arc::new(Forgetful::open(&state, Arc::clone(&clock), |path, clock| {
            Arc::new(SqliteStore::open(path, clock).unwrap())
        }));
        let shared: SharedStore = Arc::clone(&store) as SharedStore;
        let journal = JournalSettings::new(folder.path().join("journal"), "test", "here");
        let worker = WorkerId::new("w1").unwrap();
        let shared = if journalled {
            Arc::new(Journaled::open(shared, journal, &worker, Arc::clone(&clock)).unwrap())
        } else {
            shared
        };
        let world = World::over(shared, clock);
        let first = world.load(jobs).await[0];
        Self { folder, store, world, first }
    }

    async fn run(&self, vendor: &Arc<Vendor>) -> RunEnd {
        let handlers = self.world.work().handler(buys_from(vendor, Duration::from_millis(5)), slots(6));
        let work = handlers.handler(finds_finished(), slots(4)).handler(stores(), slots(4));
        let run = self.world.builder().lease(Duration::from_millis(600)).account(work).build().run();
        timeout(Duration::from_mins(1), run).await.unwrap().unwrap()
    }

    async fn all_accounted_for(&self, vendor: &Vendor, jobs: usize) {
        let counts = self.world.view().await.counts;
        let (done, doubtful) = (counts.of(Status::Succeeded), counts.of(Status::Unconfirmed));
        assert_eq!(done + doubtful, u64::try_from(jobs).unwrap(), "{counts:?}");
        assert!(!vendor.replays || doubtful == 0, "{counts:?}");
        assert_eq!(vendor.most(), 1, "nothing is bought twice");
        assert!(vendor.buyers() <= jobs && u64::try_from(vendor.buyers()).unwrap() >= done);
        let running = self.world.jobs().await.iter().filter(|view| view.worker.is_some()).count();
        assert_eq!(running, 0);
    }
}

const JOBS: usize = 30;

/// Outages: how long the store is there before, and how long it is unreachable, in milliseconds.
fn outages() -> impl Strategy<Value = Vec<(u64, u64)>> {
    proptest::collection::vec((5_u64..60, 5_u64..900), 1..4)
}

/// Time that an outage lasts, or that passes before it: how long is what the tests vary.
async fn passes(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

fn within_runtime<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn outages_of_any_length_lose_nothing_and_buy_nothing_twice(outages in outages(), replays in any::<bool>()) {
        within_runtime(async {
            let unsteady = Unsteady::load(JOBS, true).await;
            let vendor = Vendor::new(replays);
            let trouble = async {
                for (there, unreachable) in &outages {
                    passes(*there).await;
                    unsteady.store.set_away(true);
                    passes(*unreachable).await;
                    unsteady.store.set_away(false);
                }
            };
            let (ending, ()) = tokio::join!(unsteady.run(&vendor), trouble);
            assert_eq!(ending, RunEnd::Finished);
            unsteady.all_accounted_for(&vendor, JOBS).await;
        });
    }

    #[test]
    fn a_store_that_forgets_is_made_whole_by_the_journal(moments in outages(), replays in any::<bool>()) {
        within_runtime(async {
            let unsteady = Unsteady::load(JOBS, true).await;
            let vendor = Vendor::new(replays);
            let trouble = async {
                for (round, (there, lost)) in moments.iter().enumerate() {
                    let copy = unsteady.folder.path().join(format!("copy-{round}"));
                    passes(*there / 3).await;
                    unsteady.store.remember(&copy).await;
                    passes(*lost / 4).await;
                    unsteady.store.forget(&copy).await;
                }
            };
            let (ending, ()) = tokio::join!(unsteady.run(&vendor), trouble);
            assert_eq!(ending, RunEnd::Finished);
            // What was forgotten after the end is learned by the next run.
            unsteady.run(&vendor).await;
            unsteady.all_accounted_for(&vendor, JOBS).await;
        });
    }
}

/// Buys everything, puts the store back to before that, and runs again.
async fn bought_twice(journalled: bool, replays: bool) -> (Unsteady, Arc<Vendor>) {
    let unsteady = Unsteady::load(JOBS, journalled).await;
    let vendor = Vendor::new(replays);
    let copy = unsteady.folder.path().join("copy");
    unsteady.store.remember(&copy).await;
    unsteady.run(&vendor).await;
    unsteady.store.forget(&copy).await;
    unsteady.run(&vendor).await;
    (unsteady, vendor)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_journal_a_forgetful_store_buys_twice() {
    let (_, vendor) = bought_twice(false, false).await;
    assert_eq!(vendor.most(), 2, "else the tests of the journal show nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_journal_a_store_that_forgot_a_whole_run_buys_nothing() {
    for replays in [false, true] {
        let (unsteady, vendor) = bought_twice(true, replays).await;
        unsteady.all_accounted_for(&vendor, JOBS).await;
        assert_eq!(unsteady.world.view().await.counts.of(Status::Succeeded), u64::try_from(JOBS).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_while_the_store_is_unreachable_ends_after_the_grace_and_the_journal_keeps_the_acceptance() {
    let log = Log::listen();
    let unsteady = Unsteady::load(1, true).await;
    let store = Arc::clone(&unsteady.store);
    let bought = Arc::new(Notify::new());
    let buys = Arc::clone(&bought);
    let submit = Scripted::new(ClaimStage::Submit, move |context| {
        let (store, buys) = (Arc::clone(&store), Arc::clone(&buys));
        Box::pin(async move {
            if context.step(sending(context)).await.is_err() {
                return Finish::Lost;
            }
            store.set_away(true);
            buys.notify_one();
            Finish::Event(accepted(context))
        })
    });
    let work = unsteady.world.work().handler(submit, slots(1));
    let runtime = unsteady.world.builder().grace(Duration::from_millis(300)).account(work).build();
    let stopper = runtime.stopper();
    let run = Spawner::default().spawn(runtime.run());
    bought.notified().await;
    stopper.stop();
    let ending = timeout(Duration::from_secs(5), run).await.unwrap().unwrap().unwrap();
    assert_eq!(ending, RunEnd::Stopped);
    let task = format!("task-{}", unsteady.first);
    log.contains(|line| line.starts_with("ERROR") && line.contains(&task)).await;

    // The process ends here; the next one reads the journal.
    unsteady.store.set_away(false);
    let worker = WorkerId::new("w2").unwrap();
    let journal = JournalSettings::new(unsteady.folder.path().join("journal"), "test", "here");
    let inner: SharedStore = Arc::clone(&unsteady.store) as SharedStore;
    let next: SharedStore =
        Arc::new(Journaled::open(inner, journal, &worker, Arc::clone(&unsteady.world.clock)).unwrap());
    next.heartbeat(&worker).await.unwrap();
    assert_eq!(unsteady.world.view().await.counts.of(Status::Running), 1);
}
