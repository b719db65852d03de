//! Running tasks stay with the process between two looks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reelq_model::{Event, Status, Trouble, TroubleKind};
use reelq_store::{AccountLimits, ClaimStage};
use reelq_testkit::sample;
use reelq_worker::{AccountMetrics, AccountWork, Finish, RunEnd, Spawner, Stopper};

use crate::counted::counted;
use crate::support::{Scripted, buys, finished, slots, stores};

const SOON: Duration = Duration::from_millis(10);

fn running(word: &str, trouble: Option<Trouble>) -> Event {
    let (word, next_poll) = (Some(word.to_owned()), SOON);
    Event::Running { next_poll, word, progress: None, overdue: false, answered: true, trouble }
}

/// A poller that finds tasks running, `looks` times in all, and then finished.
fn finds_running(looks: usize, says: impl Fn(usize) -> Event + Send + Sync + 'static) -> Arc<Scripted> {
    let (seen, says) = (AtomicUsize::new(0), Arc::new(says));
    Scripted::new(ClaimStage::Poll, move |_| {
        let (number, says) = (seen.fetch_add(1, Ordering::SeqCst), Arc::clone(&says));
        Box::pin(async move { Finish::Event(if number < looks { says(number) } else { finished() }) })
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looks_that_bring_nothing_are_counted_with_the_end() {
    let (_own, world, calls) = counted(ClaimStage::Poll);
    // What comes before the worker is known to follow is given back.
    world.store.keep_following(&reelq_model::WorkerId::new("w1").unwrap(), Duration::from_mins(1)).await.unwrap();
    let job = world.load(1).await[0];
    let poll = finds_running(20, |_| running("busy", None));
    let work = world.work().handler(buys(), slots(1)).handler(poll, slots(1)).handler(stores(), slots(1));
    assert_eq!(world.builder().account(work).build().run().await.unwrap(), RunEnd::Finished);
    assert_eq!((calls.claimed(), calls.looks()), (0, 1), "the first look brought the word, and the others nothing");
    assert_eq!(world.store.job(job).await.unwrap().unwrap().job.polls, 21);
    let history = world.history(job).await;
    assert_eq!(history, ["sending", "accepted", "running", "finished", "stored"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_in_trouble_is_claimed_again_and_one_that_is_well_stays() {
    let (_own, world, calls) = counted(ClaimStage::Poll);
    world.store.keep_following(&reelq_model::WorkerId::new("w1").unwrap(), Duration::from_mins(1)).await.unwrap();
    let job = world.load(1).await[0];
    let trouble = || Some(Trouble::new(TroubleKind::Status, "HTTP 502"));
    let poll = finds_running(9, move |look| running("busy", if look == 3 { trouble() } else { None }));
    let work = world.work().handler(buys(), slots(1)).handler(poll, slots(1)).handler(stores(), slots(1));
    assert_eq!(world.builder().account(work).build().run().await.unwrap(), RunEnd::Finished);
    assert_eq!((calls.claimed(), calls.looks()), (1, 3), "the word, the trouble, and its end");
    assert_eq!(world.store.job(job).await.unwrap().unwrap().job.polls, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_gives_each_task_back_with_its_looks_and_its_time() {
    let (own, world, _) = counted(ClaimStage::Poll);
    world.load(30).await;
    let looked = Arc::new(AtomicUsize::new(0));
    let poll = finds_running(usize::MAX, |_| running("busy", None));
    let (count, inner) = (Arc::clone(&looked), Arc::clone(&poll));
    let poll = Scripted::new(ClaimStage::Poll, move |context| {
        let (count, inner) = (Arc::clone(&count), Arc::clone(&inner));
        Box::pin(async move {
            count.fetch_add(1, Ordering::SeqCst);
            reelq_worker::Handler::handle(&*inner, context).await
        })
    });
    let stopper = Stopper::default();
    let work = world.work().handler(buys(), slots(8)).handler(poll, slots(8)).handler(stores(), slots(8));
    let runtime = world.builder().account(work).stopper(stopper.clone()).build();
    let run = Spawner::default().spawn(runtime.run());
    world.wait_until(Status::Running, 30).await;
    while looked.load(Ordering::SeqCst) < 200 {
        tokio::task::yield_now().await;
    }
    stopper.stop();
    assert_eq!(run.await.unwrap().unwrap(), RunEnd::Stopped);
    let jobs = own.jobs().await;
    assert!(jobs.iter().all(|view| view.worker.is_none() && view.due.is_some()), "{jobs:?}");
    let polls: u32 = jobs.iter().map(|view| view.job.polls).sum();
    assert_eq!(usize::try_from(polls).unwrap(), looked.load(Ordering::SeqCst));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followed_tasks_keep_to_the_rate_of_their_account() {
    let (_own, world, _) = counted(ClaimStage::Poll);
    world.load(10).await;
    let limits = AccountLimits { polls_per_second: 40.0, ..sample::limits() };
    world.store.set_limits(&world.account, &limits).await.unwrap();
    let poll = finds_running(100, |_| running("busy", None));
    let work = AccountWork::new(world.account.clone(), Some(limits), Arc::new(AccountMetrics::default()));
    let work = work.handler(buys(), slots(4)).handler(Arc::clone(&poll) as _, slots(16)).handler(stores(), slots(4));
    let began = world.clock.monotonic();
    assert_eq!(world.builder().account(work).build().run().await.unwrap(), RunEnd::Finished);
    let took = world.clock.monotonic().saturating_sub(began);
    // 110 looks at 40 a second, of which a second's worth may go at once.
    assert!(took >= Duration::from_millis(1_600), "{} looks in {took:?}", poll.runs());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_reaches_the_handler_of_a_followed_task() {
    let (own, world, _) = counted(ClaimStage::Poll);
    let job = world.load(1).await[0];
    let poll = Scripted::new(ClaimStage::Poll, |context| {
        let withdrawn = Event::Cancelled { settlement: Some(reelq_model::Settlement::Refunded) };
        let event = if context.cancel_requested() { withdrawn } else { running("busy", None) };
        Box::pin(async move { Finish::Event(event) })
    });
    let work =
        world.work().handler(buys(), slots(1)).handler(Arc::clone(&poll) as _, slots(1)).handler(stores(), slots(1));
    let run = Spawner::default().spawn(world.builder().account(work).build().run());
    world.wait_until(Status::Running, 1).await;
    while poll.runs() < 10 {
        tokio::task::yield_now().await;
    }
    own.another().cancel(job).await.unwrap();
    assert_eq!(run.await.unwrap().unwrap(), RunEnd::Finished);
    assert_eq!(own.view().await.counts.of(Status::Cancelled), 1);
}
