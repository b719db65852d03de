//! A run that cannot go on before a person acts ends and says so; one that can, waits.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use reelq_model::{Acceptance, BlockReason, Digest, Event, Money, Status, Submission, WorkerId};
use reelq_store::{Claim, ClaimStage, Commit, Committed, Lease, PauseReason, Result, SharedStore};
use reelq_testkit::{Hook, HookedStore, next_signal, sample, wait_for};
use reelq_worker::{DrainCheck, Finish, RunEnd, Runtime, Scope, Spawner, SubmissionGate, TestSignals};
use tokio::time::timeout;

use crate::support::{Scripted, World, buys, finds_finished, finished, slots, stores};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocked_account_holds_the_run() {
    let world = World::open();
    world.load(3).await;
    let reason = PauseReason::Blocked { block: BlockReason::NoCredit, message: "top up".to_owned() };
    world.store.pause_account(&world.account, &reason, None).await.unwrap();
    let submit = buys();
    let work = world.work().handler(Arc::clone(&submit) as _, slots(2)).handler(finds_finished(), slots(2));
    let run = world.builder().account(work).build().run();
    assert_eq!(timeout(Duration::from_secs(5), run).await.unwrap().unwrap(), RunEnd::Held);
    assert_eq!(submit.runs(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spent_day_holds_the_run_and_is_not_waited_for() {
    let world = World::open();
    world.load(5).await;
    let (submit, work) = (buys(), world.work_for_a_day(Some(Money::from_micros(250_000))));
    let work = work.handler(Arc::clone(&submit) as _, slots(2)).handler(finds_finished(), slots(2));
    let run = world.builder().account(work.handler(stores(), slots(2))).build().run();
    assert_eq!(timeout(Duration::from_secs(9), run).await.unwrap().unwrap(), RunEnd::Held);
    assert_eq!((submit.runs(), world.view().await.spent), (2, Money::from_micros(200_000)));
}

fn finds_running(next_poll: Duration) -> Arc<Scripted> {
    Scripted::new(ClaimStage::Poll, move |_| {
        let (word, progress) = (Some("processing".to_owned()), None);
        let event = Event::Running { next_poll, word, progress, overdue: true, answered: true, trouble: None };
        Box::pin(async move { Finish::Event(event) })
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_whose_jobs_are_all_due_later_than_it_waits_ends_and_says_so() {
    let world = World::open();
    world.load(3).await;
    let work = world.work().handler(buys(), slots(2)).handler(finds_running(Duration::from_hours(1)), slots(2));
    let run = world.builder().account(work.handler(stores(), slots(2))).build().run();
    assert_eq!(timeout(Duration::from_secs(9), run).await.unwrap().unwrap(), RunEnd::Waiting);
    assert_eq!(world.view().await.counts.of(Status::Running), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_pause_of_the_account_is_not_waited_for() {
    let world = World::open();
    world.load(3).await;
    let lasts = Some(Duration::from_hours(1));
    world.store.pause_account(&world.account, &PauseReason::Throttled, lasts).await.unwrap();
    let work = world.work().handler(buys(), slots(2)).handler(finds_finished(), slots(2)).handler(stores(), slots(2));
    let run = world.builder().account(work).build().run();
    assert_eq!(timeout(Duration::from_secs(9), run).await.unwrap().unwrap(), RunEnd::Waiting);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_job_that_is_due_soon_keeps_the_run() {
    let world = World::open();
    world.load(2).await;
    let looks = Arc::new(AtomicUsize::new(0));
    let poll = {
        let looks = Arc::clone(&looks);
        Scripted::new(ClaimStage::Poll, move |_| {
            // The first is due much later; the other is polled three times more, each time after a while.
            let next_poll = match looks.fetch_add(1, Ordering::SeqCst) {
                0 => Duration::from_hours(1),
                1..4 => Duration::from_millis(700),
                _ => return Box::pin(async { Finish::Event(finished()) }),
            };
            let (word, progress) = (Some("processing".to_owned()), None);
            let event = Event::Running { next_poll, word, progress, overdue: false, answered: true, trouble: None };
            Box::pin(async move { Finish::Event(event) })
        })
    };
    let work = world.work().handler(buys(), slots(2)).handler(poll, slots(1)).handler(stores(), slots(2));
    let run = world.builder().wait_at_most(Duration::from_secs(2)).account(work).build().run();
    assert_eq!(timeout(Duration::from_secs(20), run).await.unwrap().unwrap(), RunEnd::Waiting);
    assert_eq!(world.view().await.counts.of(Status::Succeeded), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wait_that_is_usual_for_an_account_ends_no_run() {
    let world = World::open();
    world.load(1).await;
    let work = world.work().usual_wait(Duration::from_hours(2)).handler(buys(), slots(2));
    let poll = finds_running(Duration::from_hours(1));
    let work = work.handler(Arc::clone(&poll) as _, slots(2)).handler(stores(), slots(2));
    let signals = Arc::new(TestSignals::default());
    let mut checks = signals.drain_checked.listen();
    let builder = world.builder().wait_at_most(Duration::from_secs(1)).test_signals(signals);
    let runtime = builder.account(work).build();
    let stopper = runtime.stopper();
    let run = Spawner::default().spawn(runtime.run());
    wait_for(Duration::from_secs(10), async || poll.runs(), |runs| *runs > 0).await;
    for _ in 0..6 {
        assert_eq!(next_signal(&mut checks).await, DrainCheck::Moving, "its task is due within the usual time");
    }
    stopper.stop();
    assert_eq!(run.await.unwrap().unwrap(), RunEnd::Stopped);
    assert_eq!(poll.runs(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throttled_account_is_waited_for() {
    let world = World::open();
    world.load(3).await;
    let lasts = Some(Duration::from_millis(700));
    world.store.pause_account(&world.account, &PauseReason::Throttled, lasts).await.unwrap();
    let work = world.work().handler(buys(), slots(2)).handler(finds_finished(), slots(2)).handler(stores(), slots(2));
    assert_eq!(world.builder().account(work).build().run().await.unwrap(), RunEnd::Finished);
    assert_eq!(world.view().await.counts.of(Status::Succeeded), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn change_by_another_process_wakes_the_run() {
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
    world.wait_until(Status::Succeeded, jobs.len() as u64).await;
    stopper.stop();
    assert_eq!(run.await.unwrap().unwrap(), RunEnd::Stopped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_claimed_while_the_gate_is_closed() {
    let world = World::open();
    world.load(2).await;
    let gate = Arc::new(SubmissionGate::default());
    gate.close(Scope::Account(world.account.clone()), "lag", "links would die");
    let submit = buys();
    let work = world.work().handler(Arc::clone(&submit) as _, slots(2)).handler(finds_finished(), slots(2));
    let work = work.handler(stores(), slots(2));
    let signals = Arc::new(TestSignals::default());
    let mut held_back = signals.claim_held_back.listen();
    let builder = world.builder().submission_gate(Arc::clone(&gate)).test_signals(signals);
    let run = Spawner::default().spawn(builder.account(work).build().run());
    for _ in 0..2 {
        next_signal(&mut held_back).await;
    }
    assert_eq!(submit.runs(), 0);
    gate.open(Scope::Account(world.account.clone()), "lag");
    assert_eq!(timeout(Duration::from_secs(10), run).await.unwrap().unwrap().unwrap(), RunEnd::Finished);
    assert_eq!(submit.runs(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_without_a_place_ends_the_run_only_after_a_while_and_goes_on_where_it_comes_back() {
    let world = World::open();
    world.load(2).await;
    let gate = Arc::new(SubmissionGate::default());
    let place = || Scope::Place(world.batch.clone());
    gate.close(place(), "place", "no such folder");
    let submit = buys();
    let work = || {
        let work = world.work().handler(Arc::clone(&submit) as _, slots(2)).handler(finds_finished(), slots(2));
        work.handler(stores(), slots(2))
    };
    let builder = world.builder().wait_at_most(Duration::from_millis(700)).submission_gate(Arc::clone(&gate));
    let run = builder.account(work()).build().run();
    assert_eq!(timeout(Duration::from_secs(20), run).await.unwrap().unwrap(), RunEnd::Held);
    assert_eq!(submit.runs(), 0);
    let signals = Arc::new(TestSignals::default());
    let mut checks = signals.drain_checked.listen();
    let builder = world.builder().submission_gate(Arc::clone(&gate)).test_signals(signals);
    let run = Spawner::default().spawn(builder.account(work()).build().run());
    while next_signal(&mut checks).await != DrainCheck::WaitsForPlace {}
    assert!(!run.is_finished(), "it may come back");
    gate.open(place(), "place");
    assert_eq!(timeout(Duration::from_secs(20), run).await.unwrap().unwrap().unwrap(), RunEnd::Finished);
    assert_eq!(submit.runs(), 2);
}

/// Another process that ends its step just when another process checks whether it still works on something.
struct Elsewhere {
    store: SharedStore,
    poll: Mutex<Option<Lease>>,
}

impl Elsewhere {
    async fn claim(store: &SharedStore, world: &World, stage: ClaimStage) -> Lease {
        let claim = Claim {
            stage,
            account: world.account.clone(),
            limit: 1,
            worker: WorkerId::new("elsewhere").unwrap(),
            lease: Duration::from_mins(1),
            batch: None,
            except: Vec::new(),
            only_open: false,
        };
        store.claim(&claim).await.unwrap().leases.remove(0)
    }

    async fn commit(store: &SharedStore, lease: Lease, event: Event, keep: bool) -> Option<Lease> {
        match store.commit(&[Commit { lease, event, keep }]).await.unwrap().remove(0) {
            Committed::Done(next) => next,
            other => panic!("{other:?}"),
        }
    }

    /// Buys the one job there is and leases it to ask the provider about it.
    async fn asking(world: &World) -> Self {
        let store = world.another();
        let ready = Self::claim(&store, world, ClaimStage::Submit).await;
        let (number, key) = (ready.job.next_submission(), ready.job.next_key());
        let submission = Submission { number, key, body: Digest::of(b"body"), at: ready.granted_at, mark: None };
        let sent = Self::commit(&store, ready, Event::Sending { submission }, true).await.unwrap();
        let acceptance = Acceptance { at: sent.granted_at, ..sample::acceptance("task") };
        let accepted = Event::Accepted { acceptance, first_poll: Duration::ZERO };
        Self::commit(&store, sent, accepted, false).await;
        let poll = Self::claim(&store, world, ClaimStage::Poll).await;
        Self { store, poll: Mutex::new(Some(poll)) }
    }
}

#[async_trait]
impl Hook for Elsewhere {
    async fn before(&self, _: &[Commit]) -> Result<()> {
        Ok(())
    }

    async fn after(&self, _: &[Commit]) {}

    async fn looked_for(&self) {
        let poll = self.poll.lock().unwrap().take();
        if let Some(lease) = poll {
            Self::commit(&self.store, lease, finished(), false).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn job_between_two_steps_of_another_process_is_no_standstill() {
    let world = World::open();
    world.load(1).await;
    let hook = Arc::new(Elsewhere::asking(&world).await);
    let store = Arc::new(HookedStore { inner: Arc::clone(&world.store), hook });
    let work = world.work().handler(buys(), slots(2)).handler(finds_finished(), slots(2)).handler(stores(), slots(2));
    let runtime = Runtime::builder(store, Arc::clone(&world.clock), WorkerId::new("w1").unwrap());
    let run = runtime.batch(world.batch.clone()).account(work).build().run();
    assert_eq!(timeout(Duration::from_secs(10), run).await.unwrap().unwrap(), RunEnd::Finished);
    assert_eq!(world.view().await.counts.of(Status::Succeeded), 1);
}
