//! A task that is not wanted any more.

use std::time::Duration;

use reelq_model::{Event, OutputKind, OutputLink, Setback, Settlement, Status};
use reelq_provider::{CancelOutcome, PollOutcome};

use crate::stand::Stand;

const SECOND: Duration = Duration::from_secs(1);

fn running() -> PollOutcome {
    PollOutcome::Running { word: "queued".to_owned(), unknown_word: false, progress: None, wait: None }
}

#[tokio::test]
async fn withdrawn_task_ends_the_job() {
    let mut stand = Stand::new().cancel_requested();
    stand.answer_to_cancel(CancelOutcome::Cancelled { settlement: Settlement::Refunded });
    let event = stand.poll(SECOND, running()).await;
    assert_eq!(event, Event::Cancelled { settlement: Some(Settlement::Refunded) });
    assert_eq!(stand.job().status(), Status::Cancelled);
    assert_eq!(stand.sent(), ["/tasks/t1/cancel", "/tasks/t1"]);
}

#[tokio::test]
async fn clip_of_a_task_that_is_said_to_be_withdrawn_is_fetched() {
    let mut stand = Stand::new().cancel_requested();
    stand.answer_to_cancel(CancelOutcome::Cancelled { settlement: Settlement::Refunded });
    let url = "https://cdn.example/v.mp4".to_owned();
    let link = OutputLink { url, kind: OutputKind::Video, expires_at: None, assumed: false };
    stand.poll(SECOND, PollOutcome::Finished { outputs: vec![link], cost: None, ran: None }).await;
    assert_eq!(stand.job().status(), Status::Fetching);
}

#[tokio::test]
async fn task_that_is_too_far_on_is_followed_and_not_asked_about_again() {
    let mut stand = Stand::new().cancel_requested();
    stand.answer_to_cancel(CancelOutcome::TooLate);
    stand.poll(SECOND, running()).await;
    stand.poll(2 * SECOND, running()).await;
    assert_eq!(stand.job().status(), Status::Running);
    assert_eq!(stand.sent(), ["/tasks/t1/cancel", "/tasks/t1", "/tasks/t1"]);
}

#[tokio::test]
async fn unclear_cancel_is_asked_again_at_the_next_look() {
    let mut stand = Stand::new().cancel_requested();
    for _ in 0..2 {
        stand.answer_to_cancel(CancelOutcome::Unclear(Setback::new("502")));
        stand.poll(SECOND, running()).await;
    }
    assert_eq!(stand.sent(), ["/tasks/t1/cancel", "/tasks/t1", "/tasks/t1/cancel", "/tasks/t1"]);
}

#[tokio::test]
async fn vendor_without_cancel_is_never_asked() {
    let mut stand = Stand::with_cancel(false).cancel_requested();
    stand.poll(SECOND, running()).await;
    assert_eq!(stand.sent(), ["/tasks/t1"]);
}

#[tokio::test]
async fn cancel_request_without_an_answer_is_told_and_withdraws_the_task_later() {
    let mut stand = Stand::new().cancel_requested();
    stand.answer_to_cancel(CancelOutcome::Unclear(Setback::new("HTTP 500")));
    stand.poll(SECOND, running()).await;
    let told = stand.job().troubles.clone().unwrap().last.reason;
    assert_eq!(told, "the cancel request brought no answer: HTTP 500");
    stand.answer_to_cancel(CancelOutcome::Cancelled { settlement: Settlement::Refunded });
    stand.poll(2 * SECOND, running()).await;
    assert_eq!(stand.job().status(), Status::Cancelled);
}
