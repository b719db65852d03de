//! A submission that an earlier worker left without an answer.

use std::time::Duration;

use reelq_model::{
    BlockReason, Digest, Event, Failure, FailureKind, IdempotencyKey, Setback, Submission, SubmitOutcome,
};
use reelq_provider::IdempotencyUse;
use reelq_testkit::sample::{self, NOW};
use reelq_worker::Finish;

use crate::stand::Stand;

fn left_behind() -> Stand {
    let stand = Stand::new();
    let job = std::sync::Arc::clone(&stand.context.job);
    let body = Digest::of(b"v1 a cat");
    let submission = Submission { number: 1, key: IdempotencyKey::derive(job.id, 1), body, at: NOW, mark: None };
    stand.after(Event::Sending { submission })
}

async fn outcome(outcome: SubmitOutcome) -> Finish {
    let mut stand = left_behind().answering(outcome);
    let finish = stand.handle().await;
    let key = IdempotencyKey::derive(stand.context.job.id, 1);
    assert_eq!(stand.log.all(), [format!("send 1 `v1 a cat` under {key}")]);
    finish
}

async fn unresolved(mut stand: Stand) -> String {
    let finish = stand.handle().await;
    assert_eq!(stand.log.all(), [""; 0], "nothing may be sent");
    let Finish::Event(Event::Unresolved { reason, .. }) = finish else { panic!("{finish:?}") };
    reason
}

#[tokio::test]
async fn same_key_and_body_are_sent_again_without_a_new_intent() {
    let acceptance = sample::acceptance("task-1");
    let finish = outcome(SubmitOutcome::Accepted(acceptance.clone())).await;
    assert_eq!(finish, Finish::Event(Event::Accepted { acceptance, first_poll: Duration::from_secs(7) }));
}

#[tokio::test]
async fn answer_that_takes_nothing_proves_nothing_about_the_first_request() {
    let block = SubmitOutcome::Blocked { reason: BlockReason::Unauthorized, message: "no".to_owned() };
    let setback = || Setback::new("because");
    let answers = [
        SubmitOutcome::NotSent(setback()),
        SubmitOutcome::Throttled(setback()),
        SubmitOutcome::Ambiguous(setback()),
        block,
    ];
    for answer in answers {
        let shown = format!("{answer:?}");
        let finish = outcome(answer).await;
        assert!(matches!(finish, Finish::Event(Event::Replay { .. })), "{shown}: {finish:?}");
    }
}

#[tokio::test]
async fn wait_that_the_provider_asks_for_never_outlasts_half_of_what_is_left_of_the_key() {
    let hour = || SubmitOutcome::Ambiguous(Setback { wait: Some(Duration::from_hours(1)), ..Setback::new("HTTP 503") });
    let wait_at = async |age: Duration| {
        let mut stand = left_behind().answering(hour());
        stand.provider.capability.idempotency = reelq_provider::Idempotency::Replay { window: Duration::from_hours(1) };
        stand.context.now = NOW.after(age);
        let Finish::Event(Event::Replay { after, .. }) = stand.handle().await else { panic!("it is asked for again") };
        after
    };
    assert_eq!(wait_at(Duration::ZERO).await, Duration::from_mins(15));
    let late = wait_at(Duration::from_mins(40)).await;
    assert!(late > Duration::from_mins(6) && late < Duration::from_mins(7), "{late:?}");
    let mut first = Stand::new().answering(hour());
    let Finish::Event(Event::Replay { after, .. }) = first.handle().await else { panic!("it is asked for again") };
    assert_eq!(after, Duration::from_mins(15), "whatever the window is");
}

#[tokio::test]
async fn refusal_of_a_replay_does_not_hide_that_the_first_request_may_have_been_taken() {
    let refused = SubmitOutcome::Rejected(Failure::new(FailureKind::Invalid, "the image link is dead"));
    let Finish::Event(Event::Unresolved { reason, .. }) = outcome(refused).await else { panic!("it was settled") };
    assert_eq!(reason, "a request may have been taken, and the one after it was refused: the image link is dead");
}

#[tokio::test]
async fn nothing_is_replayed_with_another_key_or_at_another_address() {
    let stand = left_behind();
    stand.change_key();
    let reason = "a request may have been taken, and the account's key or address is another one now";
    assert_eq!(unresolved(stand).await, reason);
}

#[tokio::test]
async fn clock_that_was_set_back_makes_no_key_young_again() {
    let mut stand = left_behind();
    stand.context.now = NOW.before(Duration::from_hours(3));
    let reason = "a request may have been taken, and the clock was set back, so that its age is not known";
    assert_eq!(unresolved(stand).await, reason);
}

#[tokio::test]
async fn forgotten_key_is_never_sent_again() {
    let mut stand = left_behind();
    stand.context.now = NOW.after(Duration::from_hours(24));
    assert_eq!(unresolved(stand).await, "a request may have been taken, and the provider no longer remembers its key");
    // The margin: the provider may count by another clock.
    let mut stand = left_behind();
    stand.context.now = NOW.after(Duration::from_hours(24)).before(Duration::from_mins(5));
    unresolved(stand).await;
}

#[tokio::test]
async fn other_body_is_never_sent_under_an_old_key() {
    let mut stand = left_behind();
    stand.provider.version = 2;
    assert_eq!(
        unresolved(stand).await,
        "a request may have been taken, and this version would send another body under its key"
    );
    let mut stand = left_behind();
    stand.provider.refuses = true;
    unresolved(stand).await;
}

#[tokio::test]
async fn without_keys_a_person_must_resolve_it() {
    let reason = "a request may have been taken, and the account uses no idempotency keys";
    assert_eq!(unresolved(left_behind().without_keys()).await, reason);
    let mut stand = left_behind();
    stand.settings.idempotency = IdempotencyUse::Off;
    assert_eq!(unresolved(stand).await, reason);
}

#[tokio::test]
async fn frozen_worker_replays_nothing() {
    let mut stand = left_behind();
    stand.context.set_times_left([Duration::from_secs(10)]);
    assert_eq!(stand.handle().await, Finish::GiveBack);
    assert_eq!(stand.log.all(), [""; 0]);
}

#[tokio::test]
async fn cancel_request_does_not_hide_an_unknown_fate() {
    let acceptance = sample::acceptance("task-1");
    let mut stand = left_behind().answering(SubmitOutcome::Accepted(acceptance));
    stand.context.cancel_requested = true;
    assert!(matches!(stand.handle().await, Finish::Event(Event::Accepted { .. })));
}
