//! A real Redis that loses its last second again and again: the journals make it whole.

use std::{path::Path, sync::Arc, time::Duration};

use reelq_journal::{JournalSettings, Journaled};
use reelq_model::{SharedClock, Status, SystemClock, WorkerId};
use reelq_redis_server::RedisServer;
use reelq_store::{BatchView, SharedStore};
use reelq_store_redis::{LinkOptions, RedisStore};
use reelq_worker::{RunEnd, Runtime};
use tokio::time::timeout;

use crate::{
    paid::{Vendor, buys_from},
    support::{World, finds_finished, slots, stores},
};

const JOBS: usize = 240;
/// How many purchases the server loses, each time that it does.
const LOSSES: [usize; 3] = [20, 25, 30];
/// How many purchases are made before it loses some.
const BETWEEN: usize = 25;

async fn connect(server: &RedisServer, clock: &SharedClock) -> SharedStore {
    let options = LinkOptions::default();
    let (address, namespace) = (server.socket_url().parse().unwrap(), "films".parse().unwrap());
    Arc::new(RedisStore::open(address, namespace, options, Arc::clone(clock)).await.unwrap())
}

/// Works as one of several processes until the batch is done.
async fn work(name: &str, world: &World, store: SharedStore, vendor: &Arc<Vendor>) -> RunEnd {
    let buys = buys_from(vendor, Duration::from_millis(60));
    let work = world.work().handler(buys, slots(4)).handler(finds_finished(), slots(4)).handler(stores(), slots(4));
    let runtime = Runtime::builder(store, Arc::clone(&world.clock), WorkerId::new(name).unwrap())
        .batch(world.batch.clone())
        .lease(Duration::from_secs(2))
        .account(work)
        .build();
    timeout(Duration::from_mins(2), runtime.run()).await.unwrap().unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Kills the server after so many more purchases, and brings it back with what its log held before them.
async fn lose(server: &mut RedisServer, vendor: &Vendor, purchases: usize, spare: &Path) {
    let log = server.folder().join("appendonlydir");
    copy(&log, spare);
    vendor.has_sold(vendor.sales() + purchases).await;
    server.kill();
    std::fs::remove_dir_all(&log).unwrap();
    copy(spare, &log);
    std::fs::remove_dir_all(spare).unwrap();
    server.restart();
}

/// What outlives the workers.
struct Site {
    folder: tempfile::TempDir,
    clock: SharedClock,
    vendor: Arc<Vendor>,
    journalled: bool,
}

impl Site {
    async fn store(&self, server: &RedisServer, name: &str) -> SharedStore {
        let inner = connect(server, &self.clock).await;
        if !self.journalled {
            return inner;
        }
        let settings = JournalSettings::new(self.folder.path().join("journal"), "films", "here");
        let worker = WorkerId::new(name).unwrap();
        Arc::new(Journaled::open(inner, settings, &worker, Arc::clone(&self.clock)).unwrap())
    }

    /// Two workers work until the batch is done, while the server loses so many purchases each time.
    async fn work(&self, names: [&str; 2], server: &mut RedisServer, losses: &[usize]) {
        let world = World::over(connect(server, &self.clock).await, Arc::clone(&self.clock));
        let [first, second] = [self.store(server, names[0]).await, self.store(server, names[1]).await];
        let working = futures_util::future::join(
            work(names[0], &world, first, &self.vendor),
            work(names[1], &world, second, &self.vendor),
        );
        let trouble = async {
            for purchases in losses {
                self.vendor.has_sold(self.vendor.sales() + BETWEEN).await;
                lose(server, &self.vendor, *purchases, &self.folder.path().join("spare")).await;
            }
        };
        let (endings, ()) = tokio::join!(working, trouble);
        assert_eq!(endings, (RunEnd::Finished, RunEnd::Finished));
    }
}

async fn a_lossy_run(replays: bool, journalled: bool) -> (Arc<Vendor>, BatchView) {
    let mut server = RedisServer::with().append_only("everysec").start();
    let clock: SharedClock = Arc::new(SystemClock::new());
    let folder = tempfile::tempdir().unwrap();
    let site = Site { folder, clock: Arc::clone(&clock), vendor: Vendor::new(replays), journalled };
    World::over(connect(&server, &clock).await, Arc::clone(&clock)).load(JOBS).await;
    site.work(["w1", "w2"], &mut server, &LOSSES).await;
    // What was lost after the workers had ended is made whole by the next ones.
    site.work(["w3", "w4"], &mut server, &[]).await;
    let after = World::over(connect(&server, &clock).await, clock);
    let view = after.view().await;
    let counts = &view.counts;
    let (done, doubtful) = (counts.of(Status::Succeeded), counts.of(Status::Unconfirmed));
    assert_eq!(done + doubtful, u64::try_from(JOBS).unwrap(), "{counts:?}");
    assert!(!replays || doubtful == 0, "{counts:?}");
    (Arc::clone(&site.vendor), view)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_loses_its_last_second_is_made_whole_where_keys_are_replayed() {
    let (vendor, view) = a_lossy_run(true, true).await;
    assert_eq!((vendor.most(), vendor.buyers()), (1, JOBS));
    assert_eq!(view.orphans, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_loses_its_last_second_is_made_whole_where_no_keys_are_known() {
    let (vendor, view) = a_lossy_run(false, true).await;
    assert_eq!(vendor.most(), 1, "nothing is bought twice");
    assert_eq!(view.orphans, 0);
    assert!(view.counts.of(Status::Succeeded) >= u64::try_from(JOBS * 9 / 10).unwrap(), "{:?}", view.counts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_journal_a_lost_second_is_bought_again() {
    let (vendor, _) = a_lossy_run(false, false).await;
    assert!(vendor.most() > 1, "else these tests show nothing");
}
