//! A person asked for the row once more: its task is looked at before anything is bought.

use std::time::Duration;

use reelq_model::{BlockReason, Event, Failure, FailureKind, JobId, Settlement, Status};
use reelq_provider::PollOutcome;

use crate::stand::Stand;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

/// It failed after a minute, and is asked for again with a confirmed purchase.
async fn asked_for_again() -> Stand {
    let mut stand = Stand::new();
    stand.poll(60 * SECOND, failed()).await;
    assert_eq!(stand.job().status(), Status::Failed);
    stand.happens(HOUR, Event::Retry { buy: true });
    assert!(stand.job().stage.task().unwrap().buy_again);
    stand
}

fn failed() -> PollOutcome {
    let failure = Failure::new(FailureKind::Content, "refused");
    PollOutcome::Failed { failure, settlement: Settlement::Charged, cost: None, blocks: None }
}

fn not_found() -> PollOutcome {
    PollOutcome::NotFound { message: String::new() }
}

#[tokio::test]
async fn task_that_the_provider_says_has_failed_is_bought_again() {
    let mut stand = asked_for_again().await;
    stand.poll(HOUR, failed()).await;
    assert_eq!(stand.job().status(), Status::Queued);
}

#[tokio::test]
async fn task_that_was_withdrawn_is_bought_again() {
    let mut stand = asked_for_again().await;
    stand.poll(HOUR, PollOutcome::Cancelled { settlement: Settlement::Charged }).await;
    assert_eq!(stand.job().status(), Status::Queued);
}

#[tokio::test]
async fn success_without_an_output_is_bought_again_only_once_it_is_believed() {
    let mut stand = asked_for_again().await;
    for minute in 0..4 {
        stand.poll(HOUR + minute * 180 * SECOND, PollOutcome::FinishedEmpty).await;
        assert_eq!(stand.job().status(), Status::Running);
    }
    stand.poll(HOUR + 720 * SECOND, PollOutcome::FinishedEmpty).await;
    assert_eq!(stand.job().status(), Status::Queued);
}

#[tokio::test]
async fn unknown_task_within_its_lifetime_is_never_bought_again() {
    let mut stand = asked_for_again().await;
    for minute in 0..3 {
        stand.poll(HOUR + minute * 360 * SECOND, not_found()).await;
    }
    assert_eq!(stand.job().status(), Status::Failed);
    assert_eq!(stand.job().submissions, 1);
}

#[tokio::test]
async fn unknown_task_past_its_lifetime_is_bought_again_after_three_answers() {
    let mut stand = asked_for_again().await;
    for second in 0..2 {
        stand.poll(30 * HOUR + second * 5 * SECOND, not_found()).await;
        assert_eq!(stand.job().status(), Status::Running);
    }
    stand.poll(30 * HOUR + 10 * SECOND, not_found()).await;
    assert_eq!(stand.job().status(), Status::Queued);
}

#[tokio::test]
async fn answers_that_tell_nothing_buy_nothing() {
    let mut stand = asked_for_again().await;
    for hour in 1..40 {
        stand.poll_in_vain(hour * HOUR).await;
    }
    assert_eq!((stand.job().status(), stand.job().submissions), (Status::Running, 1));
}

#[tokio::test]
async fn record_of_an_unexpected_charge_is_not_bought_whoever_asked() {
    let mut stand = asked_for_again().await.edit(|job| job.orphan_of = Some(JobId::from_bytes([1; 16])));
    stand.poll(HOUR, failed()).await;
    assert_eq!(stand.job().status(), Status::Failed);
}

#[tokio::test]
async fn task_that_is_only_looked_at_is_never_bought_again_whatever_the_provider_says() {
    let passing = || Failure::new(FailureKind::Transient, "overloaded");
    let answers = [
        PollOutcome::Failed { failure: passing(), settlement: Settlement::Refunded, cost: None, blocks: None },
        PollOutcome::Failed {
            failure: passing(),
            settlement: Settlement::Refunded,
            cost: None,
            blocks: Some(BlockReason::NoCredit),
        },
    ];
    for answer in answers {
        let mut stand = Stand::new();
        stand.poll(60 * SECOND, failed()).await;
        stand.happens(HOUR, Event::Retry { buy: false });
        stand.poll(HOUR, answer).await;
        assert_eq!((stand.job().status(), stand.job().submissions), (Status::Failed, 1));
        assert!(stand.job().stage.task().is_some(), "its task stays known");
    }
}

#[tokio::test]
async fn what_an_account_is_to_blame_for_puts_a_row_back_a_few_times_and_not_without_end() {
    let failure = Failure::new(FailureKind::Transient, "no credit").with_code("INSUFFICIENT_CREDITS");
    let no_credit = || PollOutcome::Failed {
        failure: failure.clone(),
        settlement: Settlement::Refunded,
        cost: None,
        blocks: Some(BlockReason::NoCredit),
    };
    let mut stand = Stand::new().edit(|job| job.retries = 5);
    stand.poll(60 * SECOND, no_credit()).await;
    assert_eq!(stand.job().status(), Status::Queued);
    let mut stand = Stand::new().edit(|job| job.retries = 50);
    stand.poll(60 * SECOND, no_credit()).await;
    assert_eq!(stand.job().status(), Status::Failed);
}
