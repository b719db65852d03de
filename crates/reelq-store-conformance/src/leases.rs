//! Leases: fenced, time-limited, taken back from the dead.

use std::time::Duration;

use reelq_model::{Event, Status};

use super::{
    Kit, Subject,
    kit::{LEASE, SECOND, accepted, ids, one, running, sending, wishes, worker},
};
use reelq_store::{ClaimStage, Committed};

room! { ($) leases_cases: leases {
    a_job_in_hand_is_not_given_twice,
    a_lease_that_ended_is_given_to_the_next_and_fenced_off,
    a_lease_outlasts_its_first_time_where_it_is_extended,
    a_step_that_keeps_the_lease_renews_it,
    a_released_job_is_due_at_once_and_unchanged,
    a_submission_whose_worker_died_comes_first,
    a_replay_waits_for_its_time_and_keeps_its_place,
    a_worker_that_signs_off_gives_everything_back,
    a_heartbeat_takes_back_what_has_lapsed,
    a_worker_is_seen_when_it_was_heard_last,
    a_live_worker_keeps_its_leases_through_the_heartbeats_of_others,
    polls_come_most_overdue_first_and_not_before_their_time,
    fetches_come_by_the_deadline_of_their_links,
} }

pub async fn a_job_in_hand_is_not_given_twice(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    let mut seen = ids(&kit.submits(2).await);
    seen.extend(ids(&kit.another().submits(2).await));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3);
    assert!(kit.submits(2).await.is_empty());
}

pub async fn a_lease_that_ended_is_given_to_the_next_and_fenced_off(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let lost = kit.submit().await;
    kit.advance(LEASE);
    let answer = kit.commit(&lost, sending(&lost), true).await;
    assert!(matches!(answer, Committed::Stale), "at its end a lease has ended: {answer:?}");
    let held = kit.submit().await;
    assert!(held.version > lost.version);
    let answer = kit.commit(&lost, sending(&lost), true).await;
    assert!(matches!(answer, Committed::Stale), "{answer:?}");
    kit.send(&held).await;
}

pub async fn a_lease_outlasts_its_first_time_where_it_is_extended(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let leases = kit.submits(2).await;
    kit.advance(LEASE / 2);
    assert_eq!(kit.store.extend(&leases[..1], LEASE).await.unwrap(), [true]);
    kit.advance(LEASE / 2);
    assert_eq!(kit.store.extend(&leases, LEASE).await.unwrap(), [true, false]);
    assert_eq!(ids(&kit.submits(2).await), [leases[1].job.id]);
    kit.send(&leases[0]).await;
}

pub async fn a_step_that_keeps_the_lease_renews_it(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let lease = kit.submit().await;
    kit.advance(SECOND * 59);
    let sent = kit.send(&lease).await;
    assert_eq!(sent.lasts, LEASE);
    kit.advance(SECOND * 59);
    kit.end(&sent, accepted(&sent, "t")).await;
}

pub async fn a_released_job_is_due_at_once_and_unchanged(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let leases = kit.submits(2).await;
    kit.store.release(&leases).await.unwrap();
    assert_eq!(kit.in_flight().await, 0);
    let again = kit.submits(2).await;
    assert_eq!(ids(&again), ids(&leases), "it keeps its place in the queue");
    assert_eq!(again[0].job, leases[0].job);
    kit.store.release(&leases).await.unwrap();
    assert_eq!(kit.in_flight().await, 2, "releasing a lease that ended does nothing");
}

pub async fn a_submission_whose_worker_died_comes_first(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    let leases = kit.submits(2).await;
    let sent = kit.send(&leases[1]).await;
    kit.advance(LEASE);
    assert_eq!(kit.store.heartbeat(&worker("w2")).await.unwrap(), 2);
    let claimed = kit.submits(9).await;
    assert_eq!(claimed[0].job.id, sent.job.id);
    assert_eq!(claimed[0].job.status(), Status::Submitting);
    assert_eq!(claimed.len(), 3);
    let unresolved = Event::Unresolved { reason: "no reply".to_owned(), candidate: None };
    kit.end(&claimed[0], unresolved).await;
    assert_eq!(kit.view(sent.job.id).await.job.status(), Status::Unconfirmed);
}

pub async fn a_replay_waits_for_its_time_and_keeps_its_place(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let sent = kit.send(&kit.submit().await).await;
    kit.end(&sent, Event::Replay { reason: "torn".to_owned(), after: SECOND * 5, candidate: None }).await;
    assert_eq!(kit.in_flight().await, 1);
    let claimed = kit.claim(ClaimStage::Submit, 1).await;
    assert!(claimed.leases.is_empty());
    assert_eq!(claimed.retry_in, Some(SECOND * 5));
    kit.advance(SECOND * 5);
    let again = kit.submit().await;
    assert_eq!(again.job.stage, sent.job.stage, "the same number, key and body");
}

pub async fn a_worker_that_signs_off_gives_everything_back(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    kit.store.heartbeat(&worker("w1")).await.unwrap();
    kit.submits(2).await;
    let views = kit.store.workers().await.unwrap();
    assert_eq!((views.len(), views[0].leases), (1, 2));
    kit.store.deregister(&worker("w1")).await.unwrap();
    assert!(kit.store.workers().await.unwrap().is_empty());
    assert_eq!(kit.in_flight().await, 0);
    assert_eq!(kit.submits(2).await.len(), 2);
}

pub async fn a_heartbeat_takes_back_what_has_lapsed(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    kit.submits(2).await;
    assert_eq!(kit.in_flight().await, 2);
    kit.advance(LEASE + SECOND);
    assert_eq!(kit.store.heartbeat(&worker("w2")).await.unwrap(), 2);
    assert_eq!(kit.in_flight().await, 0);
}

pub async fn a_worker_is_seen_when_it_was_heard_last(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let seen = async || {
        let views = kit.store.workers().await.unwrap();
        views.into_iter().map(|view| (view.id, view.seen_at, view.leases)).collect::<Vec<_>>()
    };
    for _beat in 0..2 {
        kit.advance(SECOND);
        kit.store.heartbeat(&kit.me).await.unwrap();
        assert_eq!(seen().await, [(kit.me.clone(), kit.store.now().await.unwrap(), 0)]);
    }
}

pub async fn a_live_worker_keeps_its_leases_through_the_heartbeats_of_others(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let lease = kit.submit().await;
    let other = kit.another();
    assert_eq!(other.store.heartbeat(&worker("w2")).await.unwrap(), 0);
    kit.send(&lease).await;
}

pub async fn polls_come_most_overdue_first_and_not_before_their_time(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let first = kit.start_next("t1").await;
    let second = kit.start_next("t2").await;
    let claimed = kit.claim(ClaimStage::Poll, 9).await;
    assert!(claimed.leases.is_empty());
    assert_eq!(claimed.retry_in, Some(SECOND));
    kit.advance(SECOND);
    let polls = kit.polls(1).await;
    kit.end(&polls[0], running("queued", Duration::from_millis(1))).await;
    kit.advance(Duration::from_millis(1));
    assert_eq!(ids(&kit.polls(9).await), [second, first]);
}

pub async fn fetches_come_by_the_deadline_of_their_links(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    let now = kit.store.now().await.unwrap();
    let never = kit.finish_next("t1", None).await;
    let late = kit.finish_next("t2", Some(now.after(LEASE * 9))).await;
    let soon = kit.finish_next("t3", Some(now.after(LEASE * 3))).await;
    assert_eq!(kit.batch("b").await.next_link_deadline, Some(now.after(LEASE * 3)));
    let leases = kit.fetches(9).await;
    assert_eq!(ids(&leases), [soon, late, never]);
    kit.end(&leases[0], Event::FetchLater { reason: "reset".to_owned(), after: SECOND }).await;
    let claimed = kit.claim(ClaimStage::Collect, 9).await;
    assert!(claimed.leases.is_empty());
    assert_eq!(claimed.retry_in, Some(SECOND));
    kit.advance(SECOND);
    assert_eq!(one(kit.fetches(9).await).job.id, soon);
}
