//! Ends that are believed when they are repeated, for long enough.

use std::time::Duration;

use reelq_model::{Event, Failure, FailureKind, Settlement, Status, TroubleKind};
use reelq_provider::PollOutcome;

use crate::stand::{PLAN, Stand};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

fn not_found() -> PollOutcome {
    PollOutcome::NotFound { message: "no such task".to_owned() }
}

fn says_failed() -> PollOutcome {
    let failure = Failure::new(FailureKind::Transient, "overloaded");
    PollOutcome::SaysFailed { failure, settlement: Settlement::Refunded, cost: None }
}

fn running() -> PollOutcome {
    PollOutcome::Running { word: "processing".to_owned(), unknown_word: false, progress: None, wait: None }
}

/// Looks whenever the last event says so, from `age` on, for as long as the job runs; gives the ages of the looks.
async fn follow(stand: &mut Stand, mut age: Duration, answer: &PollOutcome) -> Vec<Duration> {
    let mut ages = Vec::new();
    while stand.job().status() == Status::Running {
        ages.push(age);
        assert!(ages.len() < 1_000, "it never ends");
        if let Event::Running { next_poll, .. } = stand.poll(age, answer.clone()).await {
            age += next_poll;
        }
    }
    ages
}

fn lasted(ages: &[Duration]) -> Duration {
    ages.last().unwrap().saturating_sub(ages[0])
}

#[tokio::test]
async fn unknown_task_is_lost_after_three_answers_and_ten_minutes_and_few_requests() {
    let mut stand = Stand::new();
    let ages = follow(&mut stand, 2 * MINUTE, &not_found()).await;
    let lasted = lasted(&ages);
    assert!(lasted >= 10 * MINUTE && lasted < 13 * MINUTE, "{lasted:?}");
    assert!((3..20).contains(&ages.len()), "{ages:?}");
    let failure = stand.failure();
    assert_eq!(failure.kind, FailureKind::Expired);
    assert_eq!(failure.message, "the provider no longer knows the task: no such task");
    assert_eq!(stand.job().charges[0].settlement, Settlement::Charged);
}

#[tokio::test]
async fn three_quick_answers_end_nothing() {
    let mut stand = Stand::new();
    for number in 0..50 {
        stand.poll(2 * MINUTE + number * SECOND, not_found()).await;
    }
    assert_eq!(stand.job().status(), Status::Running);
}

#[tokio::test]
async fn two_answers_end_nothing_however_far_apart() {
    let mut stand = Stand::new();
    stand.poll(2 * MINUTE, not_found()).await;
    stand.poll(60 * MINUTE, not_found()).await;
    assert_eq!(stand.job().status(), Status::Running);
    stand.poll(61 * MINUTE, not_found()).await;
    assert_eq!(stand.job().status(), Status::Failed);
}

#[tokio::test]
async fn task_that_is_seen_again_counts_anew_and_requests_in_vain_change_nothing() {
    let mut stand = Stand::new();
    for minute in [2, 8] {
        stand.poll(minute * MINUTE, not_found()).await;
        stand.poll_in_vain(minute * MINUTE + SECOND).await;
    }
    assert_eq!(stand.job().troubles.as_ref().unwrap().count, 2);
    stand.poll(11 * MINUTE, running()).await;
    assert_eq!(stand.job().troubles, None);
    for minute in [12, 13, 14] {
        stand.poll(minute * MINUTE, not_found()).await;
    }
    assert_eq!(stand.job().status(), Status::Running);
}

#[tokio::test]
async fn task_past_its_lifetime_needs_three_answers_some_seconds_apart() {
    let mut stand = Stand::new();
    let ages = follow(&mut stand, Duration::from_hours(30), &not_found()).await;
    assert_eq!(ages.len(), 3);
    assert!((PLAN.min..60 * SECOND).contains(&lasted(&ages)), "{ages:?}");
}

#[tokio::test]
async fn success_without_an_output_ends_after_five_answers_and_ten_minutes_and_is_never_bought_again() {
    let mut stand = Stand::new();
    let ages = follow(&mut stand, 30 * SECOND, &PollOutcome::FinishedEmpty).await;
    assert!(ages.len() >= 5 && lasted(&ages) >= 10 * MINUTE, "{ages:?}");
    assert_eq!(stand.failure().kind, FailureKind::Provider);
    assert_eq!(stand.job().charges[0].settlement, Settlement::Charged);
}

#[tokio::test]
async fn error_under_an_unknown_word_is_believed_after_a_minute_and_never_bought_again_by_itself() {
    let mut stand = Stand::new();
    let ages = follow(&mut stand, 30 * SECOND, &says_failed()).await;
    assert!(ages.len() >= 3 && lasted(&ages) >= MINUTE, "{ages:?}");
    assert_eq!(stand.job().status(), Status::Failed, "no one documented that it ended");
}

#[tokio::test]
async fn every_answer_in_vain_leaves_its_reason_with_the_job() {
    let mut stand = Stand::new();
    stand.poll_in_vain(SECOND).await;
    let troubles = stand.job().troubles.clone().unwrap();
    assert_eq!((troubles.last.kind, troubles.last.reason.as_str()), (TroubleKind::Status, "connection reset"));
    stand.poll(2 * MINUTE, not_found()).await;
    let troubles = stand.job().troubles.clone().unwrap();
    assert_eq!(troubles.last.kind, TroubleKind::NotFound);
    assert_eq!(stand.job().stage.task().unwrap().word, None, "no word was heard");
}
