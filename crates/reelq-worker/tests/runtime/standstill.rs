//! A run that cannot go on before a person acts ends and says so; one that can, waits.

use std::{sync::Arc, time::Duration};

use reelq_model::{BlockReason, Status};
use reelq_store::PauseReason;
use reelq_worker::{Brake, Ending, Spawner};
use tokio::time::timeout;

use crate::support::{World, buys, finds_finished, slots, stores};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocked_account_holds_the_run() {
    let world = World::open();
    world.load(3).await;
    let reason = PauseReason::Blocked { block: BlockReason::NoCredit, message: "top up".to_owned() };
    world.store.pause_account(&world.account, &reason, None).await.unwrap();
    let submit = buys();
    let work = world.work().handler(Arc::clone(&submit) as _, slots(2)).handler(finds_finished(), slots(2));
    let run = world.builder().account(work).build().run();
    assert_eq!(timeout(Duration::from_secs(5), run).await.unwrap().unwrap(), Ending::Held);
    assert_eq!(submit.runs(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throttled_account_is_waited_for() {
    let world = World::open();
    world.load(3).await;
    let lasts = Some(Duration::from_millis(700));
    world.store.pause_account(&world.account, &PauseReason::Throttled, lasts).await.unwrap();
    let work = world.work().handler(buys(), slots(2)).handler(finds_finished(), slots(2)).handler(stores(), slots(2));
    assert_eq!(world.builder().account(work).build().run().await.unwrap(), Ending::Finished);
    assert_eq!(world.view().await.counts.of(Status::Succeeded), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_from_another_process_wake_the_run() {
    let world = World::open();
    let jobs = world.load(2).await;
    world.store.pause_batch(&world.batch, true).await.unwrap();
    let work = world.work().handler(buys(), slots(2)).handler(finds_finished(), slots(2)).handler(stores(), slots(2));
    // Without a batch of its own it does not end at the standstill.
    let builder = reelq_worker::Runtime::builder(
        Arc::clone(&world.store),
        Arc::clone(&world.clock),
        reelq_model::WorkerId::new("w1").unwrap(),
    );
    let runtime = builder.account(work).build();
    let stopper = runtime.stopper();
    let run = Spawner::default().spawn(runtime.run());
    world.store.pause_batch(&world.batch, false).await.unwrap();
    let done = async {
        while world.view().await.counts.of(Status::Succeeded) < jobs.len() as u64 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), done).await.unwrap();
    stopper.stop();
    assert_eq!(run.await.unwrap().unwrap(), Ending::Stopped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_claimed_while_the_brake_is_pulled() {
    let world = World::open();
    world.load(2).await;
    let brake = Arc::new(Brake::default());
    brake.engage("disk", "the disk is nearly full");
    let submit = buys();
    let work = world.work().handler(Arc::clone(&submit) as _, slots(2)).handler(finds_finished(), slots(2));
    let work = work.handler(stores(), slots(2));
    let run = Spawner::default().spawn(world.builder().brake(Arc::clone(&brake)).account(work).build().run());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(submit.runs(), 0);
    brake.release("disk");
    assert_eq!(timeout(Duration::from_secs(10), run).await.unwrap().unwrap().unwrap(), Ending::Finished);
    assert_eq!(submit.runs(), 2);
}
