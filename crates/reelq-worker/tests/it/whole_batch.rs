//! A batch from its first claim to its end, with handlers that always succeed.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use crate::support::{World, buys, finds_finished, slots, stores};
use reelq_model::Status;
use reelq_worker::RunEnd;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_runs_to_its_end_and_the_runtime_ends_with_it() {
    let world = World::open();
    world.load(200).await;
    let (submit, poll, collect) = (buys(), finds_finished(), stores());
    let work = world
        .work()
        .handler(Arc::clone(&submit) as _, slots(16))
        .handler(Arc::clone(&poll) as _, slots(16))
        .handler(Arc::clone(&collect) as _, slots(4));
    let ending = world.builder().account(work).build().run().await.unwrap();

    assert_eq!(ending, RunEnd::Finished);
    assert_eq!(world.view().await.counts.of(Status::Succeeded), 200);
    assert_eq!([submit.runs(), poll.runs(), collect.runs()], [200, 200, 200]);
    assert!(submit.most_at_once.load(Ordering::SeqCst) <= 16);
    assert!(collect.most_at_once.load(Ordering::SeqCst) <= 4);
    assert!(world.store.workers().await.unwrap().iter().all(|worker| worker.leases == 0));
}

#[tokio::test]
async fn batch_without_jobs_ends_at_once() {
    let world = World::open();
    world.load(0).await;
    let work = world.work().handler(buys(), slots(1));
    let run = world.builder().account(work).build().run();
    let ending = tokio::time::timeout(Duration::from_secs(5), run).await.unwrap();
    assert_eq!(ending.unwrap(), RunEnd::Finished);
}
