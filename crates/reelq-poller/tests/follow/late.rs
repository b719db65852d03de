//! Once the provider said that the task succeeded, its clip exists: no answer ends the job before the clip must be gone.

use std::time::Duration;

use reelq_model::{Event, Failure, FailureKind, OutputKind, OutputLink, Settlement, Stage, Status, TroubleKind};
use reelq_provider::PollOutcome;

use crate::fakes::Stand;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

fn finished() -> PollOutcome {
    let url = "https://cdn.example/v.mp4".to_owned();
    let link = OutputLink { url, kind: OutputKind::Video, expires_at: None, assumed: false };
    PollOutcome::Finished { outputs: vec![link], cost: None }
}

/// It succeeded after ten seconds, and its link gave nothing.
async fn late_output() -> Stand {
    let mut stand = Stand::new();
    stand.look(10 * SECOND, finished()).await;
    stand.happens(11 * SECOND, Event::LinksExpired { reason: "HTTP 404".to_owned(), after: SECOND });
    stand
}

fn ends() -> Vec<PollOutcome> {
    let failure = |kind| Failure::new(kind, "no");
    vec![
        PollOutcome::NotFound { message: String::new() },
        PollOutcome::FinishedEmpty,
        PollOutcome::Cancelled { settlement: Settlement::Refunded },
        PollOutcome::Failed {
            failure: failure(FailureKind::Transient),
            settlement: Settlement::Refunded,
            cost: None,
            blocks: None,
        },
        PollOutcome::Failed {
            failure: failure(FailureKind::Content),
            settlement: Settlement::Charged,
            cost: None,
            blocks: None,
        },
        PollOutcome::SaysFailed {
            failure: failure(FailureKind::Transient),
            settlement: Settlement::Refunded,
            cost: None,
        },
    ]
}

#[tokio::test]
async fn no_answer_ends_a_job_whose_output_is_awaited() {
    for end in ends() {
        let mut stand = late_output().await;
        let mut age = 12 * SECOND;
        let mut looks = 0;
        while age < 23 * HOUR {
            let event = stand.look(age, end.clone()).await;
            let Event::Running { next_poll, trouble: Some(trouble), .. } = event else { panic!("{end:?}: {event:?}") };
            assert!(!trouble.reason.is_empty());
            age += next_poll;
            looks += 1;
        }
        assert!((10..60).contains(&looks), "{looks} requests within a day");
        stand.look(age, finished()).await;
        assert_eq!(stand.job().status(), Status::Fetching, "{end:?}");
        assert_eq!(stand.job().submissions, 1);
    }
}

#[tokio::test]
async fn once_the_output_must_be_gone_its_task_ends_as_charged_and_is_not_bought_again() {
    for end in ends() {
        let mut stand = late_output().await;
        for minute in 0..6 {
            stand.look(25 * HOUR + minute * 5 * 60 * SECOND, end.clone()).await;
            if stand.job().status() != Status::Running {
                break;
            }
        }
        assert!(matches!(stand.job().status(), Status::Failed | Status::Cancelled), "{end:?}");
        if stand.job().status() == Status::Failed {
            assert_eq!(stand.job().charges[0].settlement, Settlement::Charged, "{end:?}");
        }
    }
}

#[tokio::test]
async fn withdrawal_that_a_provider_confirms_of_a_clip_that_exists_ends_nothing() {
    let mut stand = late_output().await.cancel_requested();
    stand.answer_to_cancel(reelq_provider::CancelOutcome::Cancelled { settlement: Settlement::Refunded });
    let event = stand.handle(20 * SECOND).await;
    assert!(matches!(event, Event::Running { trouble: Some(_), .. }), "{event:?}");
}

#[tokio::test]
async fn last_look_comes_when_the_wait_for_the_output_ends() {
    let mut stand = late_output().await;
    stand.look(2 * HOUR, PollOutcome::NotFound { message: String::new() }).await;
    let event = stand.look(23 * HOUR + HOUR / 2, PollOutcome::NotFound { message: String::new() }).await;
    let Event::Running { next_poll, .. } = event else { panic!("{event:?}") };
    assert!(next_poll <= HOUR / 2 + 10 * SECOND, "{next_poll:?}");
    assert_eq!(stand.job().troubles.as_ref().unwrap().last.kind, TroubleKind::NotFound);
    assert!(matches!(stand.job().stage, Stage::Running { .. }));
}
