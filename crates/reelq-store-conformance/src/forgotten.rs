//! What a store forgot is learned again from whoever wrote it down: submissions first, then their acceptances.

use reelq_model::{Digest, Event, IdempotencyKey, JobId, Money, Resolution, Stage, Status, Submission};

use super::{
    Kit, Subject,
    kit::{LEASE, SECOND, acceptance, accepted, batch, cents, finished, one, sending, stranger, wishes},
};
use reelq_store::{Committed, Error, RestoredSubmission};

room! { ($) forgotten_cases: forgotten {
    a_forgotten_submission_is_recalled_and_not_sent_as_new,
    a_forgotten_submission_is_taken_from_whoever_would_send_it_again,
    a_forgotten_submission_is_recalled_from_an_earlier_task,
    an_acceptance_that_the_store_forgot_is_learned_again,
    a_later_acceptance_takes_the_job_over_from_a_task_that_has_ended,
    a_recall_of_what_is_known_changes_nothing,
    a_job_that_has_ended_takes_no_submission_back,
} }

/// A submission as the journal holds it; its key tells it from one that is made anew.
fn submission(kit_now: reelq_model::Timestamp, job: JobId, number: u32) -> Submission {
    let key = IdempotencyKey::derive(job, number);
    Submission { number, key, body: Digest::of(b"journalled"), at: kit_now, mark: Some(Digest::of(b"purse")) }
}

async fn recall(kit: &Kit<'_>, job: JobId, number: u32) -> RestoredSubmission {
    let now = kit.store.now().await.unwrap();
    kit.store.restore_submission(job, &submission(now, job, number)).await.unwrap()
}

fn is_refused(recalled: &RestoredSubmission) -> bool {
    matches!(recalled, RestoredSubmission::Refused(_))
}

pub async fn a_forgotten_submission_is_recalled_and_not_sent_as_new(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let job = kit.load("b", &wishes(1)).await[0];
    assert_eq!(recall(&kit, job, 1).await, RestoredSubmission::Restored);
    assert_eq!(recall(&kit, job, 1).await, RestoredSubmission::Known);
    let view = kit.view(job).await;
    assert_eq!((view.job.status(), view.worker), (Status::Submitting, None));
    assert!(view.due.is_some(), "it is looked at");
    let sums = kit.batch("b").await;
    assert_eq!((sums.reserved, sums.to_spend), (cents(10), Money::ZERO));
    assert_eq!(kit.in_flight().await, 1);
    let history = kit.store.history(job).await.unwrap();
    assert_eq!(history.last().map(|entry| entry.event.as_str()), Some("recalled"));
    let again = kit.submit().await;
    let Stage::Submitting { submission } = &again.job.stage else { panic!("it is {}", again.job.status()) };
    assert_eq!((submission.number, submission.body), (1, Digest::of(b"journalled")));
    kit.end(&again, Event::Unresolved { reason: "no keys".to_owned(), candidate: None }).await;
    assert_eq!(kit.view(job).await.job.next_submission(), 2, "its number is used up");
}

pub async fn a_forgotten_submission_is_taken_from_whoever_would_send_it_again(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let job = kit.load("b", &wishes(1)).await[0];
    let lease = kit.submit().await;
    assert_eq!(recall(&kit, job, 1).await, RestoredSubmission::Restored);
    let answer = kit.commit(&lease, sending(&lease), true).await;
    assert!(matches!(answer, Committed::Stale), "it would be bought twice: {answer:?}");
    assert_eq!(kit.store.extend(&[lease], LEASE).await.unwrap(), [false]);
    assert_eq!(kit.in_flight().await, 1);
    assert_eq!(kit.submit().await.job.status(), Status::Submitting);
}

pub async fn a_forgotten_submission_is_recalled_from_an_earlier_task(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.start_next("t1").await;
    kit.advance(SECOND);
    let poll = one(kit.polls(1).await);
    assert_eq!(recall(&kit, job, 1).await, RestoredSubmission::Known);
    assert_eq!(recall(&kit, job, 2).await, RestoredSubmission::Restored, "the store forgot that the task had failed");
    let answer = kit.commit(&poll, finished(None), false).await;
    assert!(matches!(answer, Committed::Stale), "{answer:?}");
    let view = kit.batch("b").await;
    assert_eq!((view.spent, view.reserved), (cents(10), cents(10)));
    let again = kit.submit().await;
    kit.end(&again, Event::Accepted { acceptance: acceptance("t2", 2), first_poll: SECOND }).await;
    assert_eq!(kit.view(job).await.job.charges.len(), 2);
    assert_eq!(kit.in_flight().await, 1);
}

pub async fn an_acceptance_that_the_store_forgot_is_learned_again(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(2)).await;
    let yes = acceptance("t1", 1);
    let learned = kit.store.record_acceptance(jobs[0], &yes, SECOND).await.unwrap();
    assert_eq!(learned, reelq_store::LateAcceptance::Settled, "it is queued, and runs now");
    assert_eq!(recall(&kit, jobs[0], 1).await, RestoredSubmission::Known);
    assert_eq!(recall(&kit, jobs[1], 1).await, RestoredSubmission::Restored);
    let learned = kit.store.record_acceptance(jobs[1], &acceptance("t2", 1), SECOND).await.unwrap();
    assert_eq!(learned, reelq_store::LateAcceptance::Settled);
    let view = kit.batch("b").await;
    assert_eq!((view.counts.of(Status::Running), view.orphans), (2, 0));
    assert_eq!((view.spent, view.reserved), (cents(20), Money::ZERO));
    assert!(kit.submits(9).await.is_empty(), "nothing is bought again");
    kit.advance(SECOND);
    assert_eq!(kit.polls(9).await.len(), 2);
    let task = kit.view(jobs[1]).await.job.stage.task().cloned().unwrap();
    assert_eq!(task.mark, Some(Digest::of(b"purse")), "a recalled submission keeps the mark of its purse");
}

pub async fn a_later_acceptance_takes_the_job_over_from_a_task_that_has_ended(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.start_next("t1").await;
    let learned = kit.store.record_acceptance(job, &acceptance("t2", 2), SECOND).await.unwrap();
    assert_eq!(
        learned,
        reelq_store::LateAcceptance::Settled,
        "submission 2 was made because the first task had failed"
    );
    let view = kit.view(job).await.job;
    assert_eq!(view.stage.task().unwrap().id.as_str(), "t2");
    assert_eq!((view.charges.len(), view.next_submission()), (2, 3));
    let earlier = kit.store.record_acceptance(job, &acceptance("t3", 1), SECOND).await.unwrap();
    assert!(matches!(earlier, reelq_store::LateAcceptance::Orphan(_)), "{earlier:?}");
}

pub async fn a_recall_of_what_is_known_changes_nothing(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(2)).await;
    let sent = kit.send(&kit.submit().await).await;
    assert_eq!(sent.job.id, jobs[0]);
    assert_eq!(recall(&kit, jobs[0], 1).await, RestoredSubmission::Known);
    let job = kit.view(jobs[0]).await.job;
    assert_eq!(job, *sent.job, "whoever has it in hand keeps it");
    kit.end(&sent, accepted(&sent, "t1")).await;
    assert_eq!(recall(&kit, jobs[0], 1).await, RestoredSubmission::Known);
    let second = kit.send(&kit.submit().await).await;
    kit.end(&second, Event::Unresolved { reason: "no reply".to_owned(), candidate: None }).await;
    assert_eq!(recall(&kit, jobs[1], 1).await, RestoredSubmission::Known);
    kit.store.apply_event(jobs[1], Event::Resolved { resolution: Resolution::NotBought }).await.unwrap();
    assert_eq!(recall(&kit, jobs[1], 1).await, RestoredSubmission::Known, "a person settled it");
    assert_eq!(kit.view(jobs[1]).await.job.status(), Status::Queued);
    assert_eq!(kit.batch("b").await.reserved, Money::ZERO);
    let unknown = submission(kit.store.now().await.unwrap(), stranger(), 1);
    assert!(matches!(kit.store.restore_submission(stranger(), &unknown).await, Err(Error::NoJob(_))));
}

pub async fn a_job_that_has_ended_takes_no_submission_back(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(2)).await;
    kit.store.cancel(jobs[0]).await.unwrap();
    assert!(is_refused(&recall(&kit, jobs[0], 1).await));
    assert_eq!(kit.view(jobs[0]).await.job.status(), Status::Cancelled);
    let sent = kit.send(&kit.submit().await).await;
    assert!(is_refused(&recall(&kit, jobs[1], 2).await), "its first submission is still open");
    kit.end(&sent, accepted(&sent, "t1")).await;
    kit.store.record_acceptance(jobs[1], &acceptance("t2", 1), SECOND).await.unwrap();
    let orphan = jobs[1].orphan("t2");
    assert!(is_refused(&recall(&kit, orphan, 2).await), "no one asked for it");
    assert_eq!(kit.batch("b").await.batch.name, batch("b"));
}
