//! The first request of a submission.

use std::time::Duration;

use reelq_model::{BlockReason, Event, Failure, FailureKind, Resolution, Setback, Stage, SubmitOutcome};
use reelq_provider::IdempotencyUse;
use reelq_store::PauseReason;
use reelq_submitter::OnUnconfirmed;
use reelq_testkit::{
    Steps,
    sample::{self, NOW},
};
use reelq_worker::Finish;

use crate::stand::Stand;

fn accepted() -> SubmitOutcome {
    SubmitOutcome::Accepted(sample::acceptance("task-1"))
}

fn setback(seconds: u64) -> Setback {
    Setback {
        reason: "because".to_owned(),
        wait: Some(Duration::from_secs(seconds)),
        limit: None,
        candidate: None,
        in_vain: false,
    }
}

#[tokio::test]
async fn intent_is_durable_before_the_request_leaves() {
    let mut stand = Stand::new().answering(accepted());
    let finish = stand.handle().await;
    let Finish::Event(Event::Accepted { acceptance, first_poll }) = finish else { panic!("{finish:?}") };
    assert_eq!((acceptance.submission, first_poll), (1, Duration::from_secs(7)));
    let key = stand.context.job.next_key();
    assert_eq!(stand.log.all(), ["step sending".to_owned(), format!("send 1 `v1 a cat` under {key}")]);
    let Stage::Submitting { submission } = &stand.context.job.stage else { panic!("no intent") };
    assert_eq!((&submission.key, submission.at), (&key, NOW));
    assert_eq!(submission.body, reelq_model::Digest::of(b"v1 a cat"));
}

#[tokio::test]
async fn no_key_is_sent_where_none_is_known_or_wanted() {
    let mut stand = Stand::new().without_keys().answering(accepted());
    stand.handle().await;
    assert_eq!(stand.log.all()[1], "send 1 `v1 a cat` under no key");

    let mut stand = Stand::new().answering(accepted());
    stand.settings.idempotency = IdempotencyUse::Off;
    stand.handle().await;
    assert_eq!(stand.log.all()[1], "send 1 `v1 a cat` under no key");
}

#[tokio::test]
async fn frozen_worker_sends_nothing() {
    let mut stand = Stand::new();
    stand.context.set_times_left([Duration::from_secs(30)]);
    assert_eq!(stand.handle().await, Finish::GiveBack);
    assert_eq!(stand.log.all(), [""; 0]);

    // Frozen between the intent and the request.
    let mut stand = Stand::new();
    stand.context.set_times_left([Duration::from_mins(1), Duration::ZERO]);
    let finish = stand.handle().await;
    assert!(matches!(finish, Finish::Event(Event::NotSent { after: Duration::ZERO, .. })), "{finish:?}");
    assert_eq!(stand.log.all(), ["step sending"]);
}

#[tokio::test]
async fn lost_lease_sends_nothing() {
    let mut stand = Stand::new();
    stand.context.steps = Steps::Lost;
    assert_eq!(stand.handle().await, Finish::Lost);
    assert_eq!(stand.log.all(), ["step sending"]);
}

#[tokio::test]
async fn cancelled_job_is_not_sent() {
    let mut stand = Stand::new();
    stand.context.cancel_requested = true;
    assert_eq!(stand.handle().await, Finish::Event(Event::Cancelled { settlement: None }));
    assert_eq!(stand.log.all(), [""; 0]);
}

#[tokio::test]
async fn closed_gate_holds_the_job_back() {
    let mut stand = Stand::new();
    stand.submission_gate.close(reelq_worker::Scope::Account(sample::account()), "lag", "the disk is nearly full");
    let finish = stand.handle().await;
    assert!(matches!(&finish, Finish::Event(Event::Throttled { reason, .. }) if reason == "the disk is nearly full"));
    assert_eq!(stand.log.all(), [""; 0]);
}

#[derive(Debug)]
struct Closed;

#[async_trait::async_trait]
impl reelq_worker::OutputCheck for Closed {
    async fn check(&self, _: &reelq_model::BatchName) -> Result<(), String> {
        Err("its output place takes no files".to_owned())
    }
}

#[tokio::test]
async fn nothing_is_bought_whose_output_could_not_be_put_anywhere() {
    let mut stand = Stand::new();
    stand.output_check = Some(std::sync::Arc::new(Closed));
    let finish = stand.handle().await;
    let Finish::Event(Event::NotSent { reason, .. }) = finish else { panic!("{finish:?}") };
    assert_eq!(reason, "its output place takes no files");
    assert_eq!(stand.log.all(), [""; 0]);
}

#[tokio::test]
async fn row_that_cannot_be_built_is_rejected_alone() {
    let mut stand = Stand::new();
    stand.provider.refuses = true;
    let finish = stand.handle().await;
    let Finish::Event(Event::Rejected { failure }) = finish else { panic!("{finish:?}") };
    assert_eq!(failure.kind, FailureKind::Invalid);
    assert_eq!(stand.log.all(), [""; 0]);
}

#[tokio::test]
async fn rejection_is_final_for_the_row() {
    let failure = Failure::new(FailureKind::Content, "refused");
    let mut stand = Stand::new().answering(SubmitOutcome::Rejected(failure.clone()));
    assert_eq!(stand.handle().await, Finish::Event(Event::Rejected { failure }));
}

#[tokio::test]
async fn unsent_request_is_tried_again_after_a_wait() {
    let mut stand = Stand::new().answering(SubmitOutcome::NotSent(Setback::new("connection refused")));
    let finish = stand.handle().await;
    assert!(matches!(finish, Finish::Event(Event::NotSent { after, .. }) if after <= Duration::from_secs(1)));
    assert_eq!(stand.pauses().await, []);
}

#[tokio::test]
async fn throttling_pauses_the_account_for_as_long_as_the_provider_says() {
    let mut stand = Stand::new().answering(SubmitOutcome::Throttled(setback(40)));
    let finish = stand.handle().await;
    // The account's pause holds the job: whoever lifts it frees the job too.
    assert!(matches!(finish, Finish::Event(Event::Throttled { after, .. }) if after <= Duration::from_secs(2)));
    let pauses = stand.pauses().await;
    assert_eq!(
        (&pauses[0].reason, pauses[0].until),
        (&PauseReason::Throttled, Some(NOW.after(Duration::from_secs(40))))
    );
}

#[tokio::test]
async fn refused_account_is_paused_until_a_person_acts() {
    let message = "insufficient balance".to_owned();
    let blocked = SubmitOutcome::Blocked { reason: BlockReason::NoCredit, message: message.clone() };
    let mut stand = Stand::new().answering(blocked);
    let finish = stand.handle().await;
    assert!(matches!(finish, Finish::Event(Event::Throttled { .. })), "{finish:?}");
    let pauses = stand.pauses().await;
    let reason = PauseReason::Blocked { block: BlockReason::NoCredit, message };
    assert_eq!((&pauses[0].reason, pauses[0].until), (&reason, None));
}

#[tokio::test]
async fn unknown_fate_is_asked_for_again_only_where_keys_are_replayed() {
    let mut stand = Stand::new().answering(SubmitOutcome::Ambiguous(setback(3)));
    let finish = stand.handle().await;
    assert!(
        matches!(finish, Finish::Event(Event::Replay { after, .. }) if after >= Duration::from_secs(3)),
        "{finish:?}"
    );

    let mut stand = Stand::new().without_keys().answering(SubmitOutcome::Ambiguous(setback(3)));
    let finish = stand.handle().await;
    assert_eq!(finish, Finish::Event(Event::Unresolved { reason: "because".to_owned(), candidate: None }));
}

#[tokio::test]
async fn user_who_accepts_double_buying_gets_it_with_an_honest_history() {
    let mut stand = Stand::new().without_keys().answering(SubmitOutcome::Ambiguous(setback(0)));
    stand.settings.on_unconfirmed = OnUnconfirmed::Resubmit;
    let finish = stand.handle().await;
    assert_eq!(finish, Finish::Event(Event::Resolved { resolution: Resolution::Resubmit }));
    assert_eq!(stand.log.all(), ["step sending", "send 1 `v1 a cat` under no key", "step unresolved"]);
    // The number is used up: the next submission has a key of its own.
    assert_eq!(stand.context.job.next_submission(), 2);
}

#[tokio::test]
async fn resubmission_ends_when_the_retries_are_spent() {
    let mut stand = Stand::new().without_keys().answering(SubmitOutcome::Ambiguous(setback(0)));
    (stand.settings.on_unconfirmed, stand.settings.retries) = (OnUnconfirmed::Resubmit, 0);
    assert!(matches!(stand.handle().await, Finish::Event(Event::Unresolved { .. })));
}
