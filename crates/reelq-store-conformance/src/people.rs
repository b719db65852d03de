//! What people do: cancel, retry, resolve.

use reelq_model::{Event, Failure, FailureKind, Resolution, Settlement, Status};

use super::{
    Kit, Subject,
    kit::{LEASE, SECOND, acceptance, accepted, one, running, sending, stored, wishes, worker},
};
use reelq_store::{Committed, Edited, Error};

room! { ($) people_cases: people {
    a_queued_job_is_cancelled_at_once,
    a_job_in_hand_is_cancelled_instead_of_sent,
    a_wish_to_cancel_is_granted_when_the_job_comes_back_unsent,
    a_running_job_is_cancelled_by_whoever_asks_the_provider,
    a_cancelled_failure_is_not_bought_again,
    what_is_unconfirmed_fetching_or_done_cannot_be_cancelled,
    an_unconfirmed_job_is_resolved_in_each_way,
    a_retry_takes_up_what_ended_and_nothing_else,
    a_cancelled_job_that_is_retried_is_wanted_again,
    an_impossible_event_parks_the_job_until_a_retry,
    an_unknown_job_or_batch_is_an_error,
} }

async fn unconfirmed(kit: &Kit<'_>) -> reelq_model::JobId {
    let sent = kit.send(&kit.submit().await).await;
    kit.end(&sent, Event::Unresolved { reason: "no reply".to_owned(), candidate: None }).await;
    sent.job.id
}

pub async fn a_queued_job_is_cancelled_at_once(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(2)).await;
    assert_eq!(kit.store.cancel(jobs[0]).await.unwrap(), Edited::Done);
    assert_eq!(kit.view(jobs[0]).await.job.status(), Status::Cancelled);
    let view = kit.batch("b").await;
    assert_eq!((view.counts.of(Status::Cancelled), view.counts.of(Status::Queued)), (1, 1));
    assert!(matches!(kit.store.cancel(jobs[0]).await.unwrap(), Edited::Refused(_)));
}

pub async fn a_job_in_hand_is_cancelled_instead_of_sent(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let lease = kit.submit().await;
    assert_eq!(kit.store.cancel(lease.job.id).await.unwrap(), Edited::Requested);
    assert!(kit.view(lease.job.id).await.cancel_requested);
    let answer = kit.commit(&lease, sending(&lease), true).await;
    assert!(matches!(answer, Committed::Stale), "{answer:?}");
    let view = kit.view(lease.job.id).await;
    assert_eq!((view.job.status(), view.cancel_requested), (Status::Cancelled, false));
    assert_eq!(kit.in_flight().await, 0);
}

pub async fn a_wish_to_cancel_is_granted_when_the_job_comes_back_unsent(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    let leases = kit.submits(3).await;
    for lease in &leases {
        kit.store.cancel(lease.job.id).await.unwrap();
    }
    kit.end(&leases[0], Event::NotSent { reason: "refused".to_owned(), after: SECOND }).await;
    kit.store.release(&leases[1..2]).await.unwrap();
    kit.advance(LEASE);
    kit.store.heartbeat(&worker("w2")).await.unwrap();
    assert_eq!(kit.batch("b").await.counts.of(Status::Cancelled), 3);
}

pub async fn a_running_job_is_cancelled_by_whoever_asks_the_provider(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.start_next("t1").await;
    assert_eq!(kit.store.cancel(job).await.unwrap(), Edited::Requested);
    kit.advance(SECOND);
    let poll = one(kit.polls(1).await);
    assert!(poll.cancel_requested);
    kit.end(&poll, running("queued", SECOND)).await;
    kit.advance(SECOND);
    let poll = one(kit.polls(1).await);
    assert!(poll.cancel_requested, "the wish stands");
    kit.end(&poll, Event::Cancelled { settlement: Some(Settlement::Refunded) }).await;
    let view = kit.view(job).await;
    assert_eq!((view.job.status(), view.cancel_requested), (Status::Cancelled, false));
}

pub async fn a_cancelled_failure_is_not_bought_again(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.start_next("t1").await;
    kit.store.cancel(job).await.unwrap();
    kit.advance(SECOND);
    let failure = Failure::new(FailureKind::Transient, "overloaded");
    let event = Event::Failed { failure, settlement: Settlement::Refunded, cost: None, retry_after: Some(SECOND) };
    kit.end(&one(kit.polls(1).await), event).await;
    assert_eq!(kit.view(job).await.job.status(), Status::Cancelled);
}

pub async fn what_is_unconfirmed_fetching_or_done_cannot_be_cancelled(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let open = unconfirmed(&kit).await;
    let fetching = kit.finish_next("t1", None).await;
    for (job, stage) in [(open, "unconfirmed"), (fetching, "fetching")] {
        let Edited::Refused(illegal) = kit.store.cancel(job).await.unwrap() else { panic!("{stage} was cancelled") };
        assert_eq!((illegal.stage, illegal.event), (stage, "cancelled"));
    }
    kit.end(&one(kit.fetches(1).await), stored()).await;
    assert!(matches!(kit.store.cancel(fetching).await.unwrap(), Edited::Refused(_)));
}

pub async fn an_unconfirmed_job_is_resolved_in_each_way(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    let jobs = [unconfirmed(&kit).await, unconfirmed(&kit).await, unconfirmed(&kit).await];
    let not_bought = Event::Resolved { resolution: Resolution::NotBought };
    assert_eq!(kit.store.apply_event(jobs[0], not_bought).await.unwrap(), Edited::Done);
    let give_up = Event::Resolved { resolution: Resolution::GiveUp };
    assert_eq!(kit.store.apply_event(jobs[1], give_up).await.unwrap(), Edited::Done);
    let named = Event::Accepted { acceptance: acceptance("t", 1), first_poll: SECOND };
    assert_eq!(kit.store.apply_event(jobs[2], named).await.unwrap(), Edited::Done);
    let again = kit.submit().await;
    assert_eq!((again.job.id, again.job.next_submission()), (jobs[0], 2), "under a new key");
    assert_eq!(kit.view(jobs[1]).await.job.status(), Status::Failed);
    kit.advance(SECOND);
    assert_eq!(one(kit.polls(1).await).job.id, jobs[2]);
    let price = kit.view(jobs[1]).await.job.price.unwrap_or_default();
    assert_eq!(kit.batch("b").await.reserved, price, "the one that was given up may have been bought all the same");
}

pub async fn a_retry_takes_up_what_ended_and_nothing_else(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let lease = kit.submit().await;
    assert!(
        matches!(kit.store.apply_event(lease.job.id, Event::Retry { buy: true }).await.unwrap(), Edited::Refused(_)),
        "in hand"
    );
    kit.end(&lease, Event::Rejected { failure: Failure::new(FailureKind::Content, "no") }).await;
    assert_eq!(kit.store.apply_event(lease.job.id, Event::Retry { buy: true }).await.unwrap(), Edited::Done);
    assert!(
        matches!(kit.store.apply_event(lease.job.id, Event::Retry { buy: true }).await.unwrap(), Edited::Refused(_)),
        "queued"
    );
    let again = kit.submit().await;
    assert_eq!(again.job.id, lease.job.id);
    kit.start(&again, "t1").await;
    kit.store.cancel(kit.submit().await.job.id).await.unwrap();
}

pub async fn a_cancelled_job_that_is_retried_is_wanted_again(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(1)).await;
    kit.store.cancel(jobs[0]).await.unwrap();
    kit.store.apply_event(jobs[0], Event::Retry { buy: true }).await.unwrap();
    kit.start(&kit.submit().await, "t1").await;
    assert!(!kit.view(jobs[0]).await.cancel_requested);
}

pub async fn an_impossible_event_parks_the_job_until_a_retry(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.start_next("t1").await;
    kit.advance(SECOND);
    let poll = one(kit.polls(1).await);
    let answer = kit.commit(&poll, stored(), false).await;
    assert!(matches!(&answer, Committed::Illegal(illegal) if illegal.event == "stored"), "{answer:?}");
    kit.advance(LEASE * 100);
    kit.store.heartbeat(&worker("w2")).await.unwrap();
    assert!(kit.polls(1).await.is_empty());
    let view = kit.view(job).await;
    assert_eq!((view.parked, view.due, view.job.status()), (true, None, Status::Running));
    assert!(kit.store.history(job).await.unwrap().iter().any(|entry| entry.event == "parked"));
    assert_eq!(kit.store.apply_event(job, Event::Retry { buy: true }).await.unwrap(), Edited::Done);
    assert_eq!(one(kit.polls(1).await).job.id, job, "where it stood");
}

pub async fn an_unknown_job_or_batch_is_an_error(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let stranger = reelq_model::JobId::from_bytes([7; 16]);
    assert!(matches!(kit.store.cancel(stranger).await, Err(Error::NoJob(_))));
    assert!(matches!(kit.store.apply_event(stranger, Event::Retry { buy: true }).await, Err(Error::NoJob(_))));
    let late = kit.store.record_acceptance(stranger, &acceptance("t", 1), SECOND).await;
    assert!(matches!(late, Err(Error::NoJob(_))));
    let batch = super::kit::batch("none");
    assert!(matches!(kit.store.pause_batch(&batch, true).await, Err(Error::NoBatch(_))));
    assert!(kit.store.batch(&batch).await.unwrap().is_none());
    assert!(kit.store.job(stranger).await.unwrap().is_none());
    let lease = kit.submit().await;
    let sent = kit.send(&lease).await;
    kit.end(&sent, accepted(&sent, "t")).await;
}
