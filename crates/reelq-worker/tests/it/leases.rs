//! Leases: kept for as long as a handler works, and worth nothing once another holds the job.

use std::{sync::Arc, time::Duration};

use reelq_model::{Event, Status, WorkerId};
use reelq_store::{Claim, ClaimStage, Commit, Committed};
use reelq_testkit::next_signal;
use reelq_worker::{Finish, RunEnd, Spawner, TestSignals};
use tokio::sync::{Mutex, Notify};

use crate::support::{Scripted, World, accepted, finds_finished, sending, slots, stores};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lease_is_kept_while_the_handler_works() {
    let world = World::open();
    world.load(1).await;
    let signals = Arc::new(TestSignals::default());
    let extended = Arc::new(Mutex::new(signals.leases_extended.listen()));
    let submit = Scripted::new(ClaimStage::Submit, move |context| {
        let extended = Arc::clone(&extended);
        Box::pin(async move {
            context.step(sending(context)).await.unwrap();
            // A lease lasts for three rounds of the renewer.
            for _ in 0..8 {
                next_signal(&mut *extended.lock().await).await;
                assert!(context.time_left() > Duration::ZERO);
            }
            Finish::Event(accepted(context))
        })
    });
    let work = world.work().handler(Arc::clone(&submit) as _, slots(1));
    let work = work.handler(finds_finished(), slots(1)).handler(stores(), slots(1));
    let run = world.builder().lease(Duration::from_millis(600)).test_signals(signals).account(work).build().run();
    assert_eq!(run.await.unwrap(), RunEnd::Finished);
    assert_eq!(submit.runs(), 1);
    assert_eq!(world.view().await.counts.of(Status::Succeeded), 1);
}

/// Takes the job away from the runtime's worker, as if that were dead, and commits `event` for it.
async fn steal(world: &World, event: Event) {
    world.store.deregister(&WorkerId::new("w1").unwrap()).await.unwrap();
    let claim = Claim {
        stage: ClaimStage::Submit,
        account: world.account.clone(),
        limit: 1,
        worker: WorkerId::new("w2").unwrap(),
        lease: Duration::from_mins(1),
        batch: None,
        except: Vec::new(),
        only_open: false,
    };
    let claimed = world.store.claim(&claim).await.unwrap();
    let lease = claimed.leases.into_iter().next().expect("the job of a worker that signed off is due");
    let done = world.store.commit(&[Commit { lease, event, keep: false }]).await.unwrap();
    assert!(matches!(done[..], [Committed::Done(_)]));
}

/// Runs one job whose handler ends with `event_of` after the job was stolen and left unconfirmed.
async fn finish_late(world: &World, event_of: fn(&dyn reelq_worker::JobContext) -> Event) -> RunEnd {
    let (begun, stolen) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, waits) = (Arc::clone(&begun), Arc::clone(&stolen));
    let submit = Scripted::new(ClaimStage::Submit, move |context| {
        let (begins, waits) = (Arc::clone(&begins), Arc::clone(&waits));
        Box::pin(async move {
            context.step(sending(context)).await.unwrap();
            begins.notify_one();
            waits.notified().await;
            Finish::Event(event_of(context))
        })
    });
    let work = world.work().handler(submit, slots(1)).handler(finds_finished(), slots(1)).handler(stores(), slots(1));
    let run = Spawner::default().spawn(world.builder().lease(Duration::from_secs(30)).account(work).build().run());
    begun.notified().await;
    steal(world, Event::Unresolved { reason: "its worker is gone".to_owned(), candidate: None }).await;
    stolen.notify_one();
    run.await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commit_under_a_lost_lease_changes_nothing() {
    let world = World::open();
    world.load(1).await;
    let rejected =
        |_: &dyn reelq_worker::JobContext| Event::NotSent { reason: "late".to_owned(), after: Duration::ZERO };
    assert_eq!(finish_late(&world, rejected).await, RunEnd::Finished);
    assert_eq!(world.view().await.counts.of(Status::Unconfirmed), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acceptance_under_a_lost_lease_settles_its_own_submission() {
    let world = World::open();
    world.load(1).await;
    assert_eq!(finish_late(&world, |context| accepted(context)).await, RunEnd::Finished);
    let view = world.view().await;
    assert_eq!((view.counts.of(Status::Succeeded), view.orphans), (1, 0));
}
