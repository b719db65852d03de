//! Stopping: what is in flight finishes, what is not begun is given back, and a second stop waits for nothing.

use std::{sync::Arc, time::Duration};

use reelq_model::Status;
use reelq_store::ClaimStage;
use reelq_worker::{Finish, RunEnd, Spawner};
use tokio::{sync::Semaphore, time::timeout};

use crate::support::{Scripted, World, accepted, sending, slots};

/// Says when a handler has begun, and lets it go on when the test says so.
struct Gate {
    begun: Semaphore,
    open: Semaphore,
}

impl Gate {
    fn new() -> Arc<Self> {
        Arc::new(Self { begun: Semaphore::new(0), open: Semaphore::new(0) })
    }

    async fn pass(&self) {
        self.begun.add_permits(1);
        self.open.acquire().await.unwrap().forget();
    }

    async fn wait_for(&self, count: u32) {
        self.begun.acquire_many(count).await.unwrap().forget();
    }
}

/// Buys, but waits at the gate between intent and answer.
fn buys_slowly(gate: &Arc<Gate>) -> Arc<Scripted> {
    let gate = Arc::clone(gate);
    Scripted::new(ClaimStage::Submit, move |context| {
        let gate = Arc::clone(&gate);
        Box::pin(async move {
            if context.step(sending(context)).await.is_err() {
                return Finish::Lost;
            }
            gate.pass().await;
            Finish::Event(accepted(context))
        })
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_lets_requests_in_flight_finish_and_begins_no_other() {
    let world = World::open();
    world.load(10).await;
    let gate = Gate::new();
    let runtime = world.builder().account(world.work().handler(buys_slowly(&gate), slots(2))).build();
    let stopper = runtime.stopper();
    let run = Spawner::default().spawn(runtime.run());
    gate.wait_for(2).await;
    stopper.stop();
    gate.open.add_permits(10);

    assert_eq!(timeout(Duration::from_secs(5), run).await.unwrap().unwrap().unwrap(), RunEnd::Stopped);
    let counts = world.view().await.counts;
    assert_eq!((counts.of(Status::Running), counts.of(Status::Queued)), (2, 8));
    assert!(world.jobs().await.iter().all(|view| view.worker.is_none()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn purchase_not_begun_at_the_stop_is_given_back() {
    let world = World::open();
    let jobs = world.load(1).await;
    let gate = Gate::new();
    let waiting = Arc::clone(&gate);
    let submit = Scripted::new(ClaimStage::Submit, move |context| {
        let gate = Arc::clone(&waiting);
        Box::pin(async move {
            gate.pass().await;
            match context.step(sending(context)).await {
                Ok(()) => Finish::Event(accepted(context)),
                Err(_) => Finish::Lost,
            }
        })
    });
    let runtime = world.builder().account(world.work().handler(submit, slots(1))).build();
    let stopper = runtime.stopper();
    let run = Spawner::default().spawn(runtime.run());
    gate.wait_for(1).await;
    stopper.stop();
    gate.open.add_permits(1);

    assert_eq!(timeout(Duration::from_secs(5), run).await.unwrap().unwrap().unwrap(), RunEnd::Stopped);
    assert_eq!(world.view().await.counts.of(Status::Queued), 1);
    assert!(!world.history(jobs[0]).await.contains(&"sending".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_stop_returns_at_once_and_forgets_no_intent() {
    let world = World::open();
    world.load(1).await;
    let gate = Gate::new();
    let runtime =
        world.builder().grace(Duration::from_mins(5)).account(world.work().handler(buys_slowly(&gate), slots(1)));
    let runtime = runtime.build();
    let stopper = runtime.stopper();
    let run = Spawner::default().spawn(runtime.run());
    gate.wait_for(1).await;
    stopper.stop();
    stopper.stop();

    assert_eq!(timeout(Duration::from_secs(3), run).await.unwrap().unwrap().unwrap(), RunEnd::Stopped);
    assert_eq!(world.view().await.counts.of(Status::Submitting), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grace_ends_what_does_not_end_by_itself() {
    let world = World::open();
    world.load(1).await;
    let gate = Gate::new();
    let work = world.work().handler(buys_slowly(&gate), slots(1));
    let runtime = world.builder().grace(Duration::from_millis(200)).account(work).build();
    let stopper = runtime.stopper();
    let run = Spawner::default().spawn(runtime.run());
    gate.wait_for(1).await;
    stopper.stop();
    assert_eq!(timeout(Duration::from_secs(3), run).await.unwrap().unwrap().unwrap(), RunEnd::Stopped);
    assert_eq!(world.view().await.counts.of(Status::Submitting), 1);
}
