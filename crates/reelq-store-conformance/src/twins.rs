//! One task that answers two purchases of an account: both are kept and marked, and neither is bought again.

use reelq_model::{Event, Failure, FailureKind, JobId, Resolution, Status};

use super::{
    Kit, Subject,
    kit::{LEASE, SECOND, acceptance, account, batch, finished, one, stored, stranger, wish, wishes, worker},
};
use reelq_store::{Edited, LateAcceptance, Purge};

room! { ($) twins_cases: twins {
    two_purchases_that_one_task_answers_are_both_kept_and_marked,
    a_twin_of_a_job_that_has_ended_marks_that_one_too,
    a_twin_in_hand_keeps_its_mark,
    a_twin_that_comes_late_is_marked,
    a_task_that_a_person_names_twice_is_marked,
    a_second_charge_under_a_known_task_is_marked,
    one_task_id_of_two_accounts_is_two_tasks,
    the_same_yes_again_makes_no_twin,
    a_purge_forgets_whose_task_it_was,
} }

async fn twin(kit: &Kit<'_>, job: JobId) -> Option<JobId> {
    kit.view(job).await.job.shares_task_with
}

async fn says(kit: &Kit<'_>, job: JobId, other: JobId) -> bool {
    let history = kit.store.history(job).await.unwrap();
    history.iter().any(|entry| entry.event == "shares_task" && entry.reason.contains(&other.to_string()))
}

pub async fn two_purchases_that_one_task_answers_are_both_kept_and_marked(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let first = kit.start_next("t").await;
    let second = kit.start_next("t").await;
    assert_eq!(
        (twin(&kit, second).await, twin(&kit, first).await.is_none_or(|other| other == second)),
        (Some(first), true)
    );
    kit.advance(SECOND);
    for poll in kit.polls(2).await {
        kit.end(&poll, finished(None)).await;
    }
    assert_eq!((twin(&kit, first).await, twin(&kit, second).await), (Some(second), Some(first)));
    assert!(says(&kit, first, second).await && says(&kit, second, first).await);
    let view = kit.batch("b").await;
    assert_eq!((view.counts.of(Status::Fetching), view.spent), (2, super::kit::cents(20)), "both charges stand");
    for fetch in kit.fetches(2).await {
        kit.end(&fetch, stored()).await;
    }
    assert_eq!((twin(&kit, first).await, twin(&kit, second).await), (Some(second), Some(first)));
}

pub async fn a_twin_of_a_job_that_has_ended_marks_that_one_too(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let first = kit.finish_next("t", None).await;
    kit.end(&one(kit.fetches(1).await), stored()).await;
    let second = kit.start_next("t").await;
    assert_eq!((twin(&kit, first).await, twin(&kit, second).await), (Some(second), Some(first)));
    assert_eq!(kit.view(first).await.job.status(), Status::Succeeded);
}

/// Whoever has it in hand does not know of the mark, and writes what the job becomes.
pub async fn a_twin_in_hand_keeps_its_mark(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let first = kit.start_next("t").await;
    kit.advance(SECOND);
    let held = one(kit.polls(1).await);
    let second = kit.start_next("t").await;
    kit.end(&held, finished(None)).await;
    assert_eq!((twin(&kit, first).await, twin(&kit, second).await), (Some(second), Some(first)));
    assert_eq!(kit.view(first).await.job.status(), Status::Fetching);
}

pub async fn a_twin_that_comes_late_is_marked(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let first = kit.start_next("t").await;
    let sent = kit.send(&kit.submit().await).await;
    kit.advance(LEASE);
    kit.store.heartbeat(&worker("w2")).await.unwrap();
    let late = kit.store.record_acceptance(sent.job.id, &acceptance("t", 1), SECOND).await.unwrap();
    assert_eq!((late, twin(&kit, sent.job.id).await), (LateAcceptance::Settled, Some(first)));
}

pub async fn a_task_that_a_person_names_twice_is_marked(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let first = kit.start_next("t").await;
    let sent = kit.send(&kit.submit().await).await;
    kit.end(&sent, Event::Unresolved { reason: "no reply".to_owned(), candidate: None }).await;
    let named = Event::Accepted { acceptance: acceptance("t", 1), first_poll: SECOND };
    assert_eq!(kit.store.apply_event(sent.job.id, named).await.unwrap(), Edited::Done);
    assert_eq!(twin(&kit, sent.job.id).await, Some(first));
}

pub async fn a_second_charge_under_a_known_task_is_marked(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let first = kit.start_next("t").await;
    let second = kit.start_next("u").await;
    let late = kit.store.record_acceptance(second, &acceptance("t", 1), SECOND).await.unwrap();
    let LateAcceptance::Orphan(orphan) = late else { panic!("{late:?}") };
    assert_eq!((twin(&kit, orphan).await, twin(&kit, second).await), (Some(first), None));
}

pub async fn one_task_id_of_two_accounts_is_two_tasks(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &[wish("one"), wish("two").account("other")]).await;
    let first = kit.start_next("t").await;
    let mut claim = kit.claim_of(reelq_store::ClaimStage::Submit, 1);
    claim.account = account("other");
    let second = one(kit.store.claim(&claim).await.unwrap().leases);
    kit.start(&second, "t").await;
    assert_eq!((twin(&kit, first).await, twin(&kit, second.job.id).await), (None, None));
}

pub async fn the_same_yes_again_makes_no_twin(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.start_next("t").await;
    assert_eq!(kit.store.record_acceptance(job, &acceptance("t", 1), SECOND).await.unwrap(), LateAcceptance::Known);
    kit.advance(SECOND);
    let failure = Failure::new(FailureKind::Transient, "overloaded");
    let settlement = reelq_model::Settlement::Refunded;
    kit.end(&one(kit.polls(1).await), Event::Failed { failure, settlement, cost: None, retry_after: None }).await;
    assert_eq!(twin(&kit, job).await, None);
}

pub async fn a_purge_forgets_whose_task_it_was(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("old", &[wish("one")]).await;
    let first = kit.start_next("t").await;
    let give_up = Event::Resolved { resolution: Resolution::GiveUp };
    assert_eq!(kit.store.apply_event(first, give_up).await.unwrap(), Edited::Done);
    while !matches!(kit.store.purge(&batch("old")).await.unwrap(), Purge::Done { .. }) {}
    kit.load("new", &[wish("one")]).await;
    let second = kit.start_next("t").await;
    assert_eq!(twin(&kit, second).await, None);
    assert_ne!(second, stranger());
}
