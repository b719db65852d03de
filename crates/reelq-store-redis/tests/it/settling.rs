//! A reload that asks its client what becomes of jobs: what happens between the question and the answer.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use reelq_model::{Event, Failure, FailureKind, JobId, Resolution, Settlement, Status};
use reelq_store::{Edited, Import, LateAcceptance, SharedStore};
use reelq_store_conformance::{
    Kit,
    kit::{SECOND, acceptance, batch, draft, lines, one, wishes},
};

use crate::kit::{front::Front, subject::Redis};

const NAME: &str = "b";
/// The first call of a load's end asks; the second answers.
const THE_ANSWER: usize = 1;

/// A reload of all jobs but the first, up to its end.
async fn reload(store: &SharedStore, jobs: usize) -> Import {
    let load = store.begin_import(&draft(&batch(NAME))).await.unwrap();
    store.add_to_import(&load, &lines(&batch(NAME), &wishes(jobs))[1..]).await.unwrap();
    load
}

#[tokio::test]
async fn nothing_of_a_batch_is_claimed_before_its_reload_has_its_answers() {
    let redis = Redis::new();
    let (kit, front) = (Kit::new(&redis), Front::to(redis.server.port()));
    kit.load(NAME, &wishes(2)).await;
    let slow = redis.open(&front.url());
    let load = reload(&slow, 2).await;
    let held = front.hold_back(THE_ANSWER);
    let (loaded, claimed) = tokio::join!(slow.commit_import(&load), held.meanwhile(kit.submits(9)));
    assert!(claimed.is_empty(), "{claimed:?}");
    assert_eq!((loaded.unwrap().cancelled, kit.submits(9).await.len()), (1, 1));
}

/// A submission that was said not to be bought was bought after all, and its task fails.
async fn buys_and_fails(kit: &Kit<'_>, job: JobId) {
    let late = kit.store.record_acceptance(job, &acceptance("t1", 1), SECOND).await.unwrap();
    assert_eq!(late, LateAcceptance::Settled);
    kit.advance(SECOND);
    let failure = Failure::new(FailureKind::Transient, "try again");
    let again = Event::Failed { failure, settlement: Settlement::Refunded, cost: None, retry_after: Some(SECOND) };
    kit.end(&one(kit.polls(1).await), again).await;
}

#[tokio::test]
async fn a_job_that_moved_between_question_and_answer_is_asked_about_again() {
    let redis = Redis::new();
    let (kit, front) = (Kit::new(&redis), Front::to(redis.server.port()));
    let jobs = kit.load(NAME, &wishes(2)).await;
    let sent = kit.send(&kit.submit().await).await;
    kit.end(&sent, Event::Unresolved { reason: "no reply".to_owned(), candidate: None }).await;
    let not_bought = Event::Resolved { resolution: Resolution::NotBought };
    assert_eq!(kit.store.apply_event(jobs[0], not_bought).await.unwrap(), Edited::Done);
    let slow = redis.open(&front.url());
    let load = reload(&slow, 2).await;
    let held = front.hold_back(THE_ANSWER);
    let (loaded, ()) = tokio::join!(slow.commit_import(&load), held.meanwhile(buys_and_fails(&kit, jobs[0])));
    assert_eq!(loaded.unwrap().cancelled, 1);
    let job = kit.view(jobs[0]).await.job;
    assert_eq!(job.status(), Status::Cancelled);
    assert!(job.charges.iter().any(|charge| charge.task.as_str() == "t1"), "what was bought is known");
}
