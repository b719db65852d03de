//! Commits go together, wait for an unreachable store, and end the runtime on a broken one once every answer is in.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use reelq_model::{Event, Status, WorkerId};
use reelq_store::{ClaimStage, Commit, Error, Result};
use reelq_testkit::{Hook, HookedStore, next_signal};
use reelq_worker::{Builder, Finish, RunEnd, Runtime, Spawner, TestSignals};
use tokio::sync::{Mutex as AsyncMutex, mpsc::UnboundedReceiver, watch};

use crate::{
    log::Log,
    support::{Scripted, World, accepted, buys, finds_finished, sending, slots, stores},
};

fn runtime(world: &World, hook: Arc<impl Hook + 'static>) -> Runtime {
    builder(world, hook).build()
}

fn builder(world: &World, hook: Arc<impl Hook + 'static>) -> Builder {
    let store = Arc::new(HookedStore { inner: Arc::clone(&world.store), hook });
    let work = world.work().handler(buys(), slots(64)).handler(finds_finished(), slots(8)).handler(stores(), slots(8));
    let worker = WorkerId::new("w1").unwrap();
    Runtime::builder(store, Arc::clone(&world.clock), worker).batch(world.batch.clone()).account(work)
}

/// So many steps wait while the first commit is held back.
const WAITING: usize = 32;

/// Holds the first commit back until others wait behind it.
struct Sizes {
    sizes: Mutex<Vec<usize>>,
    queued: AsyncMutex<UnboundedReceiver<()>>,
}

#[async_trait]
impl Hook for Sizes {
    async fn before(&self, commits: &[Commit]) -> Result<()> {
        let first = {
            let mut sizes = self.sizes.lock().unwrap();
            sizes.push(commits.len());
            sizes.len() == 1
        };
        if first {
            let mut queued = self.queued.lock().await;
            for _ in 0..WAITING {
                next_signal(&mut queued).await;
            }
        }
        Ok(())
    }

    async fn after(&self, _: &[Commit]) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_that_wait_go_to_the_store_together() {
    let world = World::open();
    world.load(64).await;
    let signals = Arc::new(TestSignals::default());
    let sizes = Arc::new(Sizes { sizes: Mutex::default(), queued: AsyncMutex::new(signals.step_queued.listen()) });
    let runtime = builder(&world, Arc::clone(&sizes)).test_signals(signals).build();
    assert_eq!(runtime.run().await.unwrap(), RunEnd::Finished);
    let sizes = sizes.sizes.lock().unwrap().clone();
    assert_eq!(sizes.iter().sum::<usize>(), 4 * 64);
    assert!(sizes.iter().any(|size| *size > 8), "{sizes:?}");
}

/// Is unreachable for the first commits.
struct Unreachable(AtomicUsize);

#[async_trait]
impl Hook for Unreachable {
    async fn before(&self, _: &[Commit]) -> Result<()> {
        if self.0.fetch_add(1, Ordering::SeqCst) < 4 {
            return Err(Error::Unavailable { source: "the disk is asleep".into() });
        }
        Ok(())
    }

    async fn after(&self, _: &[Commit]) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_wait_for_a_store_that_is_away() {
    let world = World::open();
    world.load(10).await;
    let ending = runtime(&world, Arc::new(Unreachable(AtomicUsize::new(0)))).run().await.unwrap();
    assert_eq!(ending, RunEnd::Finished);
    assert_eq!(world.view().await.counts.of(Status::Succeeded), 10);
}

/// Is broken for good.
struct Broken;

#[async_trait]
impl Hook for Broken {
    async fn before(&self, _: &[Commit]) -> Result<()> {
        Err(Error::Broken { reason: "the file is no store any more".to_owned() })
    }

    async fn after(&self, _: &[Commit]) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_store_ends_the_runtime_with_its_reason() {
    let world = World::open();
    world.load(3).await;
    let error = runtime(&world, Arc::new(Broken)).run().await.unwrap_err();
    assert_eq!(error.to_string(), "use the store: the file is no store any more");
}

/// Takes intents, and is broken once an acceptance comes.
struct BrokenForAcceptances;

#[async_trait]
impl Hook for BrokenForAcceptances {
    async fn before(&self, commits: &[Commit]) -> Result<()> {
        if commits.iter().any(|commit| matches!(commit.event, Event::Accepted { .. })) {
            return Err(Error::Broken { reason: "the disk is full".to_owned() });
        }
        Ok(())
    }

    async fn after(&self, _: &[Commit]) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acceptance_that_cannot_be_committed_stays_in_the_log() {
    let log = Log::listen();
    let world = World::open();
    let job = world.load(1).await[0];
    assert!(runtime(&world, Arc::new(BrokenForAcceptances)).run().await.is_err());
    let task = format!("task-{job}-1");
    log.contains(|line| line.starts_with("ERROR") && line.contains(&task)).await;
}

/// How many commits of acceptances the store has refused.
#[derive(Default)]
struct Refusals(watch::Sender<usize>);

impl Refusals {
    fn refuse(&self, error: Error) -> Result<()> {
        self.0.send_modify(|count| *count += 1);
        Err(error)
    }

    fn count(&self) -> usize {
        *self.0.borrow()
    }
}

/// So many jobs are bought one by one.
const BOUGHT: usize = 3;

/// Buys. No answer comes before each job's intent is committed: a commit that is refused holds up those behind it. Then the
/// answer to the first job comes at once, to each further one after one more refusal.
fn buys_one_by_one(refusals: &Refusals) -> Arc<Scripted> {
    let (count, refused) = (Arc::new(AtomicUsize::new(0)), refusals.0.subscribe());
    let sent = watch::Sender::new(0_usize);
    Scripted::new(ClaimStage::Submit, move |context| {
        let (needed, mut refused) = (count.fetch_add(1, Ordering::SeqCst), refused.clone());
        let (sent, mut all_sent) = (sent.clone(), sent.subscribe());
        Box::pin(async move {
            if context.step(sending(context)).await.is_err() {
                return Finish::Lost;
            }
            sent.send_modify(|sent| *sent += 1);
            all_sent.wait_for(|sent| *sent >= BOUGHT).await.unwrap();
            refused.wait_for(|count| *count >= needed).await.unwrap();
            Finish::Event(accepted(context))
        })
    })
}

fn buying(world: &World, submit: Arc<Scripted>, hook: Arc<impl Hook + 'static>) -> Runtime {
    let store = Arc::new(HookedStore { inner: Arc::clone(&world.store), hook });
    let work = world.work().handler(submit, slots(64));
    let worker = WorkerId::new("w1").unwrap();
    Runtime::builder(store, Arc::clone(&world.clock), worker).batch(world.batch.clone()).account(work).build()
}

/// Refuses the first acceptances.
#[derive(Default)]
struct RefusesTheFirst(Refusals);

#[async_trait]
impl Hook for RefusesTheFirst {
    async fn before(&self, commits: &[Commit]) -> Result<()> {
        let is_paid = commits.iter().any(|commit| matches!(commit.event, Event::Accepted { .. }));
        if is_paid && self.0.count() < 2 {
            return self.0.refuse(Error::Broken { reason: "no right to do that".to_owned() });
        }
        Ok(())
    }

    async fn after(&self, _: &[Commit]) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paid_requests_in_flight_come_home_after_a_fault_of_the_store() {
    let world = World::open();
    world.load(3).await;
    let hook = Arc::new(RefusesTheFirst::default());
    let error = buying(&world, buys_one_by_one(&hook.0), Arc::clone(&hook)).run().await.unwrap_err();
    assert_eq!(error.to_string(), "use the store: no right to do that");
    assert_eq!(world.view().await.counts.of(Status::Running), 3, "{:?}", world.view().await.counts);
}

/// Is unreachable for acceptances, until those of three jobs were offered at once.
#[derive(Default)]
struct UnreachableUntilAllAreOffered(Refusals);

#[async_trait]
impl Hook for UnreachableUntilAllAreOffered {
    async fn before(&self, commits: &[Commit]) -> Result<()> {
        let paid = commits.iter().filter(|commit| matches!(commit.event, Event::Accepted { .. })).count();
        if (1..3).contains(&paid) {
            return self.0.refuse(Error::Unavailable { source: "the server restarts".into() });
        }
        Ok(())
    }

    async fn after(&self, _: &[Commit]) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acceptances_that_come_while_the_store_is_unreachable_are_offered_to_it_beside_the_first() {
    let world = World::open();
    world.load(3).await;
    let hook = Arc::new(UnreachableUntilAllAreOffered::default());
    let runtime = buying(&world, buys_one_by_one(&hook.0), Arc::clone(&hook));
    let stopper = runtime.stopper();
    let run = Spawner::default().spawn(runtime.run());
    world.wait_until(Status::Running, 3).await;
    stopper.stop();
    run.await.unwrap().unwrap();
    assert_eq!(world.view().await.counts.of(Status::Running), 3);
}
