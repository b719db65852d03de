//! Finished tasks go on to a free collector under the lease that they have.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reelq_model::Status;
use reelq_store::ClaimStage;
use reelq_worker::{Finish, RunEnd, Scope, Spawner, Stopper, SubmissionGate};

use crate::counted::counted;
use crate::support::{Scripted, buys, finds_finished, finished, slots, stored, stores};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn free_collector_takes_a_finished_task_without_a_claim_and_with_its_line() {
    let (_own, world, calls) = counted(ClaimStage::Collect);
    world.load(40).await;
    let rows = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&rows);
    let collect = Scripted::new(ClaimStage::Collect, move |context| {
        seen.lock().unwrap().push(context.line().unwrap().row);
        // A collector's lease is as long as its own claims give it.
        assert!(context.time_left() > Duration::from_secs(1));
        Box::pin(async { Finish::Event(stored()) })
    });
    let work = world
        .work()
        .handler(buys(), slots(4))
        .handler(finds_finished(), slots(4))
        .handler(Arc::clone(&collect) as _, slots(256));
    let end = world.builder().account(work).build().run().await.unwrap();
    assert_eq!((end, collect.runs()), (RunEnd::Finished, 40));
    assert_eq!(calls.claimed(), 0, "each found a free collector");
    let mut rows = rows.lock().unwrap().clone();
    rows.sort_unstable();
    assert_eq!(rows, (1..=40).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn busy_collector_claims_what_waits_once_it_is_free() {
    let (_own, world, calls) = counted(ClaimStage::Collect);
    world.load(40).await;
    let held = Arc::new(tokio::sync::Semaphore::new(0));
    let (gate, handled) = (Arc::clone(&held), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&handled);
    let collect = Scripted::new(ClaimStage::Collect, move |_| {
        let (gate, first) = (Arc::clone(&gate), count.fetch_add(1, Ordering::SeqCst) == 0);
        Box::pin(async move {
            if first {
                gate.acquire().await.unwrap().forget();
            }
            Finish::Event(stored())
        })
    });
    let work = world
        .work()
        .handler(buys(), slots(8))
        .handler(finds_finished(), slots(8))
        .handler(Arc::clone(&collect) as _, slots(1));
    let running = Spawner::default().spawn(world.builder().account(work).build().run());
    world.wait_until(Status::Fetching, 40).await;
    assert_eq!(handled.load(Ordering::SeqCst), 1, "one slot, one download");
    held.add_permits(1);
    assert_eq!(running.await.unwrap().unwrap(), RunEnd::Finished);
    assert_eq!(calls.claimed(), 39);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_handed_over_for_a_place_that_takes_no_files() {
    let (_own, world, _) = counted(ClaimStage::Collect);
    world.load(3).await;
    let (gate, collect, stopper) = (Arc::new(SubmissionGate::default()), stores(), Stopper::default());
    let closed = Scope::Place(world.batch.clone());
    let (closing, place) = (Arc::clone(&gate), closed.clone());
    // The place is found to take nothing while the task runs.
    let poll = Scripted::new(ClaimStage::Poll, move |_| {
        closing.close(place.clone(), "place", "the disk is full");
        Box::pin(async { Finish::Event(finished()) })
    });
    let work =
        world.work().handler(buys(), slots(4)).handler(poll, slots(4)).handler(Arc::clone(&collect) as _, slots(4));
    let runtime = world.builder().account(work).submission_gate(Arc::clone(&gate)).stopper(stopper.clone()).build();
    let running = Spawner::default().spawn(runtime.run());
    world.wait_until(Status::Fetching, 1).await;
    assert_eq!(collect.runs(), 0);
    gate.open(closed, "place");
    stopper.stop();
    running.await.unwrap().unwrap();
}
