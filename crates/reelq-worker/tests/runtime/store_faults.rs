//! Commits go together, wait for an absent store, and end the runtime on a broken one once what was paid for is home.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use reelq_model::{Event, Status, WorkerId};
use reelq_store::{ClaimStage, Commit, Error, Result};
use reelq_worker::{Finish, RunEnd, Runtime, Spawner};

use crate::{
    hooked_store::{Hook, HookedStore},
    log::Log,
    support::{Scripted, World, accepted, buys, finds_finished, sending, slots, stores},
};

fn runtime(world: &World, hook: Arc<impl Hook + 'static>) -> Runtime {
    let store = Arc::new(HookedStore { inner: Arc::clone(&world.store), hook });
    let work = world.work().handler(buys(), slots(64)).handler(finds_finished(), slots(8)).handler(stores(), slots(8));
    let worker = WorkerId::new("w1").unwrap();
    Runtime::builder(store, Arc::clone(&world.clock), worker).batch(world.batch.clone()).account(work).build()
}

/// Holds the first commit back until others wait behind it.
#[derive(Default)]
struct Sizes(Mutex<Vec<usize>>);

#[async_trait]
impl Hook for Sizes {
    async fn before(&self, commits: &[Commit]) -> Result<()> {
        let first = {
            let mut sizes = self.0.lock().unwrap();
            sizes.push(commits.len());
            sizes.len() == 1
        };
        if first {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    async fn after(&self, _: &[Commit]) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_that_wait_go_to_the_store_together() {
    let world = World::open();
    world.load(64).await;
    let sizes = Arc::new(Sizes::default());
    assert_eq!(runtime(&world, Arc::clone(&sizes)).run().await.unwrap(), RunEnd::Finished);
    let sizes = sizes.0.lock().unwrap().clone();
    assert_eq!(sizes.iter().sum::<usize>(), 4 * 64);
    assert!(sizes.iter().any(|size| *size > 8), "{sizes:?}");
}

/// Is away for the first commits.
struct Away(AtomicUsize);

#[async_trait]
impl Hook for Away {
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
    let ending = runtime(&world, Arc::new(Away(AtomicUsize::new(0)))).run().await.unwrap();
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

/// Takes intents, and is broken once a yes comes.
struct BrokenForYeses;

#[async_trait]
impl Hook for BrokenForYeses {
    async fn before(&self, commits: &[Commit]) -> Result<()> {
        if commits.iter().any(|commit| matches!(commit.event, Event::Accepted { .. })) {
            return Err(Error::Broken { reason: "the disk is full".to_owned() });
        }
        Ok(())
    }

    async fn after(&self, _: &[Commit]) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_yes_that_cannot_be_committed_stays_in_the_log() {
    let log = Log::listen();
    let world = World::open();
    let job = world.load(1).await[0];
    assert!(runtime(&world, Arc::new(BrokenForYeses)).run().await.is_err());
    let task = format!("task-{job}-1");
    log.heard(|line| line.starts_with("ERROR") && line.contains(&task)).await;
}

/// Buys; the first job's answer comes at once, each further one a while later.
fn buys_one_by_one() -> Arc<Scripted> {
    let count = Arc::new(AtomicUsize::new(0));
    Scripted::new(ClaimStage::Submit, move |context| {
        let late = count.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            if context.step(sending(context)).await.is_err() {
                return Finish::Lost;
            }
            tokio::time::sleep(Duration::from_millis(300) * u32::try_from(late).unwrap()).await;
            Finish::Event(accepted(context))
        })
    })
}

fn buying(world: &World, hook: Arc<impl Hook + 'static>) -> Runtime {
    let store = Arc::new(HookedStore { inner: Arc::clone(&world.store), hook });
    let work = world.work().handler(buys_one_by_one(), slots(64));
    let worker = WorkerId::new("w1").unwrap();
    Runtime::builder(store, Arc::clone(&world.clock), worker).batch(world.batch.clone()).account(work).build()
}

/// Refuses the first yeses.
struct RefusesTheFirst(AtomicUsize);

#[async_trait]
impl Hook for RefusesTheFirst {
    async fn before(&self, commits: &[Commit]) -> Result<()> {
        let is_paid = commits.iter().any(|commit| matches!(commit.event, Event::Accepted { .. }));
        if is_paid && self.0.fetch_add(1, Ordering::SeqCst) < 2 {
            return Err(Error::Broken { reason: "no right to do that".to_owned() });
        }
        Ok(())
    }

    async fn after(&self, _: &[Commit]) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paid_requests_in_flight_come_home_after_a_fault_of_the_store() {
    let world = World::open();
    world.load(3).await;
    let error = buying(&world, Arc::new(RefusesTheFirst(AtomicUsize::new(0)))).run().await.unwrap_err();
    assert_eq!(error.to_string(), "use the store: no right to do that");
    assert_eq!(world.view().await.counts.of(Status::Running), 3, "{:?}", world.view().await.counts);
}

/// Is away for yeses, until those of three jobs were offered at once.
struct AwayUntilAllAreOffered;

#[async_trait]
impl Hook for AwayUntilAllAreOffered {
    async fn before(&self, commits: &[Commit]) -> Result<()> {
        let paid = commits.iter().filter(|commit| matches!(commit.event, Event::Accepted { .. })).count();
        if (1..3).contains(&paid) {
            return Err(Error::Unavailable { source: "the server restarts".into() });
        }
        Ok(())
    }

    async fn after(&self, _: &[Commit]) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn yeses_that_come_while_the_store_is_away_are_offered_to_it_beside_the_first() {
    let world = World::open();
    world.load(3).await;
    let runtime = buying(&world, Arc::new(AwayUntilAllAreOffered));
    let stopper = runtime.stopper();
    let run = Spawner::default().spawn(runtime.run());
    for _ in 0..3000 {
        if world.view().await.counts.of(Status::Running) == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stopper.stop();
    run.await.unwrap().unwrap();
    assert_eq!(world.view().await.counts.of(Status::Running), 3);
}
