//! A refused status request: of one task, or of the account.

use std::time::Duration;

use reelq_model::{BlockReason, Event, Setback, Status};
use reelq_provider::{BalanceOutcome, PollOutcome};
use reelq_store::PauseReason;

use crate::stand::{PLAN, Stand};

const SECOND: Duration = Duration::from_secs(1);

fn refused(reason: BlockReason) -> PollOutcome {
    PollOutcome::Blocked { reason, message: "not yours".to_owned() }
}

fn blocked(reason: BlockReason) -> BalanceOutcome {
    BalanceOutcome::Blocked { reason, message: "key revoked".to_owned() }
}

fn running() -> PollOutcome {
    PollOutcome::Running { word: "processing".to_owned(), unknown_word: false, progress: None, wait: None }
}

#[tokio::test]
async fn refusal_that_the_balance_confirms_pauses_the_account_and_keeps_the_task() {
    let mut stand = Stand::with_balance();
    stand.answer_to_balance(blocked(BlockReason::Unauthorized));
    let event = stand.poll(SECOND, refused(BlockReason::Unauthorized)).await;
    let Event::Running { next_poll, trouble: Some(trouble), .. } = event else { panic!("{event:?}") };
    assert!(next_poll > 3 * PLAN.max && trouble.reason == "not yours");
    let reason = PauseReason::Blocked { block: BlockReason::Unauthorized, message: "key revoked".to_owned() };
    assert_eq!(stand.pauses().await[0].reason, reason);
    assert!(stand.metrics.polls_refused());
    stand.poll(SECOND, running()).await;
    assert!(!stand.metrics.polls_refused());
}

#[tokio::test]
async fn refusal_that_the_balance_does_not_confirm_is_the_tasks_own_trouble() {
    let fine = [
        BalanceOutcome::Valid(None),
        BalanceOutcome::Unclear(Setback::new("502")),
        // A good key that may not ask for the balance says nothing of a task's 402.
        blocked(BlockReason::Forbidden),
    ];
    for balance in fine {
        let mut stand = Stand::with_balance();
        stand.answer_to_balance(balance.clone());
        stand.poll(SECOND, refused(BlockReason::NoCredit)).await;
        assert_eq!((stand.pauses().await.len(), stand.job().status()), (0, Status::Running), "{balance:?}");
        assert!(!stand.metrics.polls_refused());
        assert_eq!(stand.job().troubles.as_ref().unwrap().last.reason, "not yours");
    }
}

#[tokio::test]
async fn account_is_asked_about_once_for_many_refusals() {
    let mut stand = Stand::with_balance();
    stand.answer_to_balance(BalanceOutcome::Valid(None));
    for _ in 0..10 {
        stand.poll(SECOND, refused(BlockReason::Forbidden)).await;
    }
    assert_eq!(stand.sent().iter().filter(|path| *path == "/balance").count(), 1);
}

#[tokio::test]
async fn without_a_balance_two_tasks_that_are_refused_together_are_the_accounts_refusal() {
    let mut stand = Stand::new();
    for _ in 0..5 {
        stand.poll(SECOND, refused(BlockReason::Unauthorized)).await;
    }
    assert_eq!(stand.pauses().await.len(), 0, "one task says nothing of the account");
    stand.turn_to_the_other();
    stand.poll(2 * SECOND, refused(BlockReason::Unauthorized)).await;
    assert_eq!(stand.pauses().await.len(), 1);
    assert!(stand.metrics.polls_refused());
}

#[tokio::test]
async fn good_answer_or_long_time_between_two_refusals_clears_the_account() {
    let mut answered = Stand::new();
    answered.poll(SECOND, refused(BlockReason::Unauthorized)).await;
    answered.turn_to_the_other();
    answered.poll(SECOND, running()).await;
    answered.poll(2 * SECOND, refused(BlockReason::Unauthorized)).await;
    assert_eq!(answered.pauses().await.len(), 0);

    let mut apart = Stand::new();
    apart.poll(SECOND, refused(BlockReason::Unauthorized)).await;
    apart.turn_to_the_other();
    apart.poll(600 * SECOND, refused(BlockReason::Unauthorized)).await;
    assert_eq!(apart.pauses().await.len(), 0);
}
