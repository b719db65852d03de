//! Each answer to a status request.

use std::time::Duration;

use reelq_model::{
    BlockReason, Digest, Event, Failure, FailureKind, JobId, OutputKind, OutputLink, Setback, Settlement, Stage, Status,
};
use reelq_provider::PollOutcome;
use reelq_store::PauseReason;

use crate::stand::{PLAN, Stand};

const SECOND: Duration = Duration::from_secs(1);

fn running(wait: Option<Duration>) -> PollOutcome {
    PollOutcome::Running { word: "processing".to_owned(), unknown_word: false, progress: Some(40), wait }
}

fn links() -> Vec<OutputLink> {
    vec![OutputLink {
        url: "https://cdn.example/v.mp4".to_owned(),
        kind: OutputKind::Video,
        expires_at: None,
        assumed: false,
    }]
}

fn transient(settlement: Settlement) -> PollOutcome {
    PollOutcome::Failed {
        failure: Failure::new(FailureKind::Transient, "overloaded"),
        settlement,
        cost: None,
        blocks: None,
    }
}

fn next_poll(event: &Event) -> Duration {
    let Event::Running { next_poll, .. } = event else { panic!("{event:?}") };
    *next_poll
}

#[tokio::test]
async fn running_task_is_looked_at_within_the_bounds() {
    let mut stand = Stand::new();
    let event = stand.poll(4 * SECOND, running(None)).await;
    let next = next_poll(&event);
    // Half its age, give or take the jitter.
    assert!(next >= SECOND && next < 3 * SECOND, "{next:?}");
    let task = stand.job().stage.task().unwrap();
    assert_eq!((task.word.as_deref(), task.progress, task.polls), (Some("processing"), Some(40), 1));
}

#[tokio::test]
async fn overdue_task_is_marked_and_looked_at_slowly_and_stays_alive() {
    let mut stand = Stand::new();
    let event = stand.poll(Duration::from_mins(31), running(None)).await;
    assert!(matches!(event, Event::Running { overdue: true, .. }), "{event:?}");
    assert!(next_poll(&event) > 3 * PLAN.max);
    assert!(stand.job().stage.task().unwrap().overdue);
    assert_eq!(stand.job().status(), Status::Running);
}

#[tokio::test]
async fn network_and_server_errors_are_just_later_looks() {
    let mut stand = Stand::new();
    for _ in 0..20 {
        let event = stand.poll_in_vain(4 * SECOND).await;
        assert!(matches!(event, Event::Running { answered: false, .. }), "{event:?}");
        let event = stand.poll(4 * SECOND, PollOutcome::Unclear(Setback::new("502"))).await;
        assert!(next_poll(&event) <= 3 * PLAN.max);
    }
    assert_eq!((stand.job().polls, stand.job().setbacks), (0, 40));
    stand.poll(5 * SECOND, PollOutcome::Finished { outputs: links(), cost: None, ran: None }).await;
    assert_eq!(stand.job().status(), Status::Fetching);
}

#[tokio::test]
async fn unknown_task_is_waited_for_until_it_must_be_visible() {
    let mut stand = Stand::new();
    for _ in 0..10 {
        let event = stand.poll(30 * SECOND, PollOutcome::NotFound { message: String::new() }).await;
        assert!(matches!(event, Event::Running { answered: false, .. }), "{event:?}");
    }
}

fn bought_with_another_key() -> Stand {
    let stand = Stand::new().edit(|job| {
        let Stage::Running { task } = &mut job.stage else { panic!("it runs") };
        task.mark = Some(Digest::of(b"the key"));
    });
    stand.change_key();
    stand
}

#[tokio::test]
async fn another_key_that_does_not_know_the_task_loses_nothing() {
    let mut stand = bought_with_another_key();
    for _ in 0..10 {
        stand.poll(Duration::from_hours(1), PollOutcome::NotFound { message: String::new() }).await;
        assert_eq!(stand.job().status(), Status::Running);
    }
    let troubles = stand.job().troubles.clone().unwrap();
    assert!(troubles.last.reason.contains("another key"), "{troubles:?}");
    stand.poll(Duration::from_hours(1), PollOutcome::Finished { outputs: links(), cost: None, ran: None }).await;
    assert_eq!(stand.job().status(), Status::Fetching);
}

#[tokio::test]
async fn another_key_is_not_asked_for_ever() {
    let mut stand = bought_with_another_key();
    for _ in 0..3 {
        stand.poll(Duration::from_hours(9 * 24), PollOutcome::NotFound { message: String::new() }).await;
    }
    assert_eq!(stand.job().status(), Status::Failed);
}

#[tokio::test]
async fn transient_failure_without_charge_is_bought_again_up_to_the_retries_and_ever_later() {
    let mut waits = Vec::new();
    for retries in 0..3 {
        let mut stand = Stand::new().edit(|job| job.retries = retries);
        let event = stand.poll(SECOND, transient(Settlement::Refunded)).await;
        let Event::Failed { retry_after: Some(after), .. } = event else { panic!("{event:?}") };
        waits.push(after);
        assert_eq!((stand.job().status(), stand.job().retries), (Status::Queued, retries + 1));
    }
    // The last one is made when the trouble has had the account's `patience` to pass.
    let bounds = [(1, 2), (2, 4), (600, 600)].map(|(least, most)| least * SECOND..=most * SECOND);
    assert!(waits.iter().zip(&bounds).all(|(wait, bounds)| bounds.contains(wait)), "{waits:?}");

    let mut spent = Stand::new().edit(|job| job.retries = 3);
    spent.poll(SECOND, transient(Settlement::Refunded)).await;
    assert_eq!(spent.job().status(), Status::Failed);
}

#[tokio::test]
async fn failure_of_the_account_pauses_it_and_the_row_goes_back_whatever_its_retries() {
    let mut stand = Stand::new().edit(|job| job.retries = 3);
    let failure = Failure::new(FailureKind::Provider, "insufficient balance");
    let blocks = Some(BlockReason::NoCredit);
    stand.poll(SECOND, PollOutcome::Failed { failure, settlement: Settlement::Refunded, cost: None, blocks }).await;
    assert_eq!(stand.job().status(), Status::Queued);
    let message = "insufficient balance".to_owned();
    assert_eq!(stand.pauses().await[0].reason, PauseReason::Blocked { block: BlockReason::NoCredit, message });
}

#[tokio::test]
async fn failure_of_the_account_that_was_charged_is_not_bought_again() {
    let mut stand = Stand::new();
    let failure = Failure::new(FailureKind::Provider, "insufficient balance");
    let blocks = Some(BlockReason::NoCredit);
    stand.poll(SECOND, PollOutcome::Failed { failure, settlement: Settlement::Charged, cost: None, blocks }).await;
    assert_eq!((stand.job().status(), stand.pauses().await.len()), (Status::Failed, 1));
}

#[tokio::test]
async fn charged_or_lasting_failures_are_final() {
    let mut charged = Stand::new();
    charged.poll(SECOND, transient(Settlement::Charged)).await;
    assert_eq!(charged.job().status(), Status::Failed);

    for kind in [FailureKind::Content, FailureKind::Invalid, FailureKind::Provider] {
        let mut stand = Stand::new();
        let failure = Failure::new(kind, "no");
        stand
            .poll(SECOND, PollOutcome::Failed { failure, settlement: Settlement::Refunded, cost: None, blocks: None })
            .await;
        assert_eq!(stand.job().status(), Status::Failed, "{kind}");
    }
}

#[tokio::test]
async fn record_of_an_unexpected_charge_is_never_bought_again() {
    let mut stand = Stand::new().edit(|job| job.orphan_of = Some(JobId::from_bytes([1; 16])));
    stand.poll(SECOND, transient(Settlement::Refunded)).await;
    assert_eq!(stand.job().status(), Status::Failed);
}

#[tokio::test]
async fn throttled_look_pauses_the_account_for_all() {
    let mut stand = Stand::new();
    let setback = Setback {
        reason: "slow down".to_owned(),
        wait: Some(30 * SECOND),
        limit: None,
        candidate: None,
        in_vain: false,
    };
    let event = stand.poll(SECOND, PollOutcome::Throttled(setback)).await;
    assert_eq!(next_poll(&event), 30 * SECOND);
    assert_eq!(stand.pauses().await[0].reason, PauseReason::Throttled);
}

#[tokio::test]
async fn finished_task_goes_on_with_its_outputs() {
    let mut stand = Stand::new();
    stand.poll(SECOND, PollOutcome::Finished { outputs: links(), cost: None, ran: None }).await;
    let Stage::Fetching { outputs, .. } = &stand.job().stage else { panic!("{:?}", stand.job().stage) };
    assert_eq!(*outputs, links());
}
