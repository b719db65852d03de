//! A worker without work: it asks its store for hardly anything, and misses nothing.

use std::time::Duration;

use reelq_model::{Clock as _, SystemClock};
use reelq_tests::{Running, StoreKind, on_each_store, stays, wait_at_most, wait_until};

use crate::shop::{Shop, well};

/// A worker has come to rest that asks for nothing for so long.
const REST: Duration = Duration::from_secs(4);
/// Longer than it takes a worker to hear of something and to act on it, and far shorter than it rests without news.
const SOON: Duration = Duration::from_secs(15);

/// Waits until the worker has signed on and asks for nothing any more.
fn rest(shop: &mut Shop) {
    wait_until("the worker is there", || shop.sandbox.run(&["status", "--json"]).stdout.contains("\"worker-"));
    let Some(server) = shop.sandbox.redis() else { return };
    let (clock, mut last) = (SystemClock::new(), (0, Duration::ZERO));
    wait_until("the worker rests", || {
        let (calls, now) = (server.calls("evalsha"), clock.monotonic());
        if calls != last.0 {
            last = (calls, now);
        }
        now.saturating_sub(last.1) >= REST
    });
}

fn worker(store: StoreKind) -> (Shop, Running) {
    let mut shop = Shop::open_on(store, "wave", 2, "", |request, origin| well("wave", request, origin));
    let worker = shop.sandbox.start(&["worker"]);
    rest(&mut shop);
    (shop, worker)
}

#[test]
fn a_worker_without_work_asks_a_server_for_hardly_anything() {
    let (mut shop, worker) = worker(StoreKind::Redis);
    let server = shop.sandbox.redis().unwrap();
    let before = server.calls("evalsha");
    // Its heartbeats, and at most once what is read each minute and what is claimed each few minutes.
    stays(Duration::from_secs(12), "few scripts are run", || server.calls("evalsha") - before <= 9);
    worker.signal("TERM");
    worker.wait();
}

on_each_store!(
    a_batch_that_comes_while_a_worker_rests_is_bought_and_has_its_results_soon,
    a_batch_that_another_process_ends_while_a_worker_rests_has_its_results_soon,
);

fn a_batch_that_comes_while_a_worker_rests_is_bought_and_has_its_results_soon(store: StoreKind) {
    let (shop, worker) = worker(store);
    assert_eq!(shop.sandbox.run(&["enqueue", "set.csv"]).code, Some(0));
    let results = shop.sandbox.path("out/set/results.csv");
    assert!(wait_at_most(SOON, || results.exists()), "{}", shop.sandbox.run(&["status"]).stdout);
    worker.signal("TERM");
    worker.wait();
    assert_eq!((shop.count("succeeded"), shop.vendor.submits()), (2, 2));
}

fn a_batch_that_another_process_ends_while_a_worker_rests_has_its_results_soon(store: StoreKind) {
    let (mut shop, worker) = worker(store);
    assert_eq!(shop.sandbox.run(&["pause", "--account", "wave"]).code, Some(0));
    rest(&mut shop);
    assert_eq!(shop.sandbox.run(&["enqueue", "set.csv"]).code, Some(0));
    assert_eq!(shop.sandbox.run(&["cancel", "set"]).code, Some(0));
    let is_told = || shop.sandbox.path("out/set/results.csv").exists() && shop.count("cancelled") == 2;
    assert!(wait_at_most(SOON, is_told), "{}", shop.sandbox.run(&["status"]).stdout);
    worker.signal("TERM");
    worker.wait();
    assert_eq!(shop.vendor.submits(), 0);
}
