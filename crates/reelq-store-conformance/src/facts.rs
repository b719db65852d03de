//! Acceptances are facts: recorded under a lease or without one, and never twice.

use reelq_model::{Event, Failure, FailureKind, JobId, Resolution, Settlement, Status};

use super::{
    Kit, Subject,
    kit::{LEASE, SECOND, acceptance, accepted, batch, cents, finished, ids, one, stored, wishes, worker},
};
use reelq_store::{Committed, Edited, LateAcceptance, Page};

room! { ($) facts_cases: facts {
    an_acceptance_under_a_stale_lease_is_kept,
    a_late_yes_settles_what_was_unconfirmed,
    a_late_yes_is_adopted_before_it_is_bought_again,
    a_second_charge_is_followed_as_an_orphan,
    an_orphans_output_is_fetched_like_any_other,
    a_charge_that_an_orphan_follows_is_in_doubt_no_longer,
    an_orphan_is_never_bought_again,
    an_acceptance_that_cannot_be_the_leased_jobs_is_an_orphan,
} }

async fn late(kit: &Kit<'_>, job: JobId, task: &str, submission: u32) -> LateAcceptance {
    kit.store.record_acceptance(job, &acceptance(task, submission), SECOND).await.unwrap()
}

pub async fn an_acceptance_under_a_stale_lease_is_kept(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let sent = kit.send(&kit.submit().await).await;
    kit.advance(LEASE);
    kit.store.heartbeat(&worker("w2")).await.unwrap();
    let thief = kit.submit().await;
    let answer = kit.commit(&sent, accepted(&sent, "t1"), false).await;
    assert!(matches!(answer, Committed::Done(None)), "{answer:?}");
    assert_eq!(kit.view(sent.job.id).await.job.status(), Status::Running);
    let answer = kit.commit(&thief, Event::Unresolved { reason: "?".to_owned(), candidate: None }, false).await;
    assert!(matches!(answer, Committed::Stale), "{answer:?}");
    kit.advance(SECOND);
    one(kit.polls(1).await);
}

pub async fn a_late_yes_settles_what_was_unconfirmed(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let sent = kit.send(&kit.submit().await).await;
    kit.end(&sent, Event::Unresolved { reason: "no reply".to_owned(), candidate: None }).await;
    assert_eq!(late(&kit, sent.job.id, "t1", 1).await, LateAcceptance::Settled);
    assert_eq!(late(&kit, sent.job.id, "t1", 1).await, LateAcceptance::Known);
    let view = kit.batch("b").await;
    assert_eq!((view.spent, view.reserved), (cents(10), reelq_model::Money::ZERO));
}

pub async fn a_late_yes_is_adopted_before_it_is_bought_again(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let sent = kit.send(&kit.submit().await).await;
    kit.end(&sent, Event::Unresolved { reason: "no reply".to_owned(), candidate: None }).await;
    kit.store.apply_event(sent.job.id, Event::Resolved { resolution: Resolution::NotBought }).await.unwrap();
    let second = kit.submit().await;
    assert_eq!(late(&kit, sent.job.id, "t1", 1).await, LateAcceptance::Settled);
    let answer = kit.commit(&second, super::kit::sending(&second), true).await;
    assert!(matches!(answer, Committed::Stale), "it is not sent again: {answer:?}");
    assert_eq!(kit.in_flight().await, 1);
}

pub async fn a_second_charge_is_followed_as_an_orphan(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.start_next("t1").await;
    kit.advance(SECOND);
    let LateAcceptance::Orphan(orphan) = late(&kit, job, "t2", 1).await else { panic!("no orphan") };
    assert_eq!(late(&kit, job, "t2", 1).await, LateAcceptance::Known);
    let view = kit.batch("b").await;
    assert_eq!((view.orphans, view.spent), (1, cents(20)));
    assert_eq!((view.counts.total(), view.others.of(Status::Running)), (1, 1));
    let results = kit.store.results(&batch("b"), Page { after: 0, limit: 9 }).await.unwrap();
    assert_eq!(results.len(), 1, "every row has one line");
    assert_eq!(results[0].orphans.iter().map(|job| job.id).collect::<Vec<_>>(), [orphan]);
    let since = results[0].orphans[0].queued_at.since(results[0].view.job.queued_at);
    assert!(since >= SECOND, "it is as old as its charge: {since:?}");
    kit.advance(SECOND);
    assert_eq!(ids(&kit.polls(9).await).len(), 2);
    assert_eq!(kit.store.history(orphan).await.unwrap()[0].event, "accepted");
    assert!(kit.store.history(job).await.unwrap().iter().any(|entry| entry.event == "second_charge"));
}

pub async fn an_orphans_output_is_fetched_like_any_other(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.finish_next("t1", None).await;
    kit.end(&one(kit.fetches(1).await), stored()).await;
    let LateAcceptance::Orphan(orphan) = late(&kit, job, "t2", 1).await else { panic!("no orphan") };
    kit.advance(SECOND);
    kit.end(&one(kit.polls(1).await), super::kit::finished(None)).await;
    let fetch = one(kit.fetches(1).await);
    assert_eq!(fetch.job.id, orphan);
    kit.end(&fetch, stored()).await;
    assert_eq!(kit.view(job).await.job.status(), Status::Succeeded);
    assert_eq!(kit.in_flight().await, 0);
}

pub async fn an_acceptance_that_cannot_be_the_leased_jobs_is_an_orphan(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let sent = kit.send(&kit.submit().await).await;
    let other = Event::Accepted { acceptance: acceptance("t7", 7), first_poll: SECOND };
    let answer = kit.commit(&sent, other, false).await;
    assert!(matches!(answer, Committed::Done(None)), "{answer:?}");
    let view = kit.batch("b").await;
    assert_eq!((view.orphans, view.counts.of(Status::Submitting)), (1, 1));
    assert_eq!(kit.submit().await.job.id, sent.job.id, "its own submission is still open");
}

pub async fn a_charge_that_an_orphan_follows_is_in_doubt_no_longer(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let first = kit.send(&kit.submit().await).await;
    let job = first.job.id;
    let given_up = Event::Resolved { resolution: Resolution::GiveUp };
    assert_eq!(kit.store.apply_event(job, given_up).await.unwrap(), Edited::Done);
    assert_eq!(kit.store.apply_event(job, Event::Retry { buy: true }).await.unwrap(), Edited::Done);
    // The second is under way, in its worker's hands, when the first is answered.
    let second = kit.send(&kit.submit().await).await;
    assert!(matches!(kit.commit(&first, accepted(&first, "t1"), false).await, Committed::Done(None)));
    assert!(
        matches!(kit.commit(&second, accepted(&second, "t2"), false).await, Committed::Done(_)),
        "its worker keeps it"
    );
    kit.advance(SECOND);
    let polls = kit.polls(2).await;
    assert_eq!(polls.len(), 2);
    for poll in &polls {
        kit.end(poll, finished(None)).await;
    }
    for lease in kit.fetches(2).await {
        kit.end(&lease, stored()).await;
    }
    let batch = kit.batch("b").await;
    assert_eq!((batch.spent, batch.reserved, batch.orphans), (cents(20), cents(0), 1));
    let row = kit.view(job).await.job;
    assert_eq!((row.cost(), row.reserved(), row.status()), (Some(cents(10)), cents(0), Status::Succeeded));
}

pub async fn an_orphan_is_never_bought_again(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.finish_next("t1", None).await;
    let LateAcceptance::Orphan(orphan) = late(&kit, job, "t2", 1).await else { panic!("no orphan") };
    kit.advance(SECOND);
    let failure = Failure::new(FailureKind::Transient, "no room");
    let failed = Event::Failed { failure, settlement: Settlement::Refunded, cost: None, retry_after: None };
    kit.end(&one(kit.polls(1).await), failed).await;
    assert_eq!(kit.store.apply_event(orphan, Event::Retry { buy: true }).await.unwrap(), Edited::Done);
    let poll = one(kit.polls(1).await);
    assert_eq!(poll.job.stage.task().map(|task| task.buy_again), Some(false), "it is only looked at");
    let failure = Failure::new(FailureKind::Transient, "no room");
    let failed = Event::Failed { failure, settlement: Settlement::Refunded, cost: None, retry_after: Some(SECOND) };
    kit.end(&poll, failed).await;
    kit.advance(SECOND);
    assert!(kit.submits(9).await.is_empty());
}
