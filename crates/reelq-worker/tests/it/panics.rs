//! A panic is the end of one handler's run, never of a worker.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reelq_model::{Event, Stage, Status};
use reelq_store::ClaimStage;
use reelq_worker::{Finish, RunEnd};

use crate::support::{Scripted, World, accepted, buys, finds_finished, sending, slots, stores};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panic_frees_its_slot_and_the_job_is_tried_again() {
    let world = World::open();
    world.load(5).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let submit = Scripted::new(ClaimStage::Submit, move |context| {
        let first = runs.fetch_add(1, Ordering::SeqCst) == 0;
        Box::pin(async move {
            assert!(!first, "the first run panics");
            context.step(sending(context)).await.unwrap();
            Finish::Event(accepted(context))
        })
    });
    let work = world.work();
    let work = work.handler(submit, slots(1)).handler(finds_finished(), slots(1)).handler(stores(), slots(1));
    let ending = world.builder().account(work).build().run().await.unwrap();

    assert_eq!(ending, RunEnd::Finished);
    assert_eq!(world.view().await.counts.of(Status::Succeeded), 5);
    let mut panicked = 0;
    for job in world.jobs().await {
        panicked += usize::from(world.history(job.job.id).await.contains(&"not_sent".to_owned()));
    }
    assert_eq!(panicked, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panic_after_sending_lets_the_lease_lapse_and_is_never_sent_again() {
    let world = World::open();
    let jobs = world.load(1).await;
    let submit = Scripted::new(ClaimStage::Submit, |context| {
        Box::pin(async move {
            if let Stage::Submitting { .. } = context.job().stage {
                return Finish::Event(Event::Unresolved { reason: "no one knows".to_owned(), candidate: None });
            }
            context.step(sending(context)).await.unwrap();
            panic!("after the request may have left");
        })
    });
    let work = world.work().handler(Arc::clone(&submit) as _, slots(1));
    let run = world.builder().lease(Duration::from_millis(600)).account(work).build().run();
    assert_eq!(run.await.unwrap(), RunEnd::Finished);

    assert_eq!(submit.runs(), 2);
    assert_eq!(world.view().await.counts.of(Status::Unconfirmed), 1);
    let history = world.history(jobs[0]).await;
    assert_eq!(history.iter().filter(|event| *event == "sending").count(), 1, "{history:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panic_while_following_a_task_keeps_the_task() {
    let world = World::open();
    world.load(1).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let poll = Scripted::new(ClaimStage::Poll, move |_| {
        let first = runs.fetch_add(1, Ordering::SeqCst) == 0;
        Box::pin(async move {
            assert!(!first, "the first look panics");
            Finish::Event(crate::support::finished())
        })
    });
    let work = world.work().handler(buys(), slots(1)).handler(poll, slots(1)).handler(stores(), slots(1));
    assert_eq!(world.builder().account(work).build().run().await.unwrap(), RunEnd::Finished);
    assert_eq!(world.view().await.counts.of(Status::Succeeded), 1);
}
