//! Once the provider said that the task succeeded, its clip exists: no answer ends the job before the clip must be gone.

use std::time::Duration;

use reelq_model::{Event, Failure, FailureKind, OutputKind, OutputLink, Settlement, Stage, Status, TroubleKind};
use reelq_provider::PollOutcome;

use crate::stand::Stand;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

fn finished() -> PollOutcome {
    let url = "https://cdn.example/v.mp4".to_owned();
    let link = OutputLink { url, kind: OutputKind::Video, expires_at: None, assumed: false };
    PollOutcome::Finished { outputs: vec![link], cost: None, ran: None }
}

/// It succeeded after ten seconds, and its link gave nothing.
async fn late_output() -> Stand {
    let mut stand = Stand::new();
    stand.poll(10 * SECOND, finished()).await;
    stand.happens(11 * SECOND, in_vain());
    stand
}

/// The link that is at hand gave nothing, and fresh ones are asked for.
fn in_vain() -> Event {
    Event::LinksExpired { reason: "HTTP 404".to_owned(), after: SECOND }
}

/// As a version left it that remembered no links.
async fn without_links() -> Stand {
    late_output().await.edit(|job| {
        if let Stage::Running { task } = &mut job.stage {
            task.earlier_links.clear();
        }
    })
}

#[tokio::test]
async fn links_that_were_named_before_are_tried_again_whatever_the_status_says_now() {
    let unclear = || PollOutcome::Unclear(reelq_model::Setback::new("HTTP 500"));
    let (word, progress) = ("processing".to_owned(), None);
    let running = PollOutcome::Running { word, unknown_word: false, progress, wait: None };
    for answer in
        ends().into_iter().chain([unclear(), running, PollOutcome::Throttled(reelq_model::Setback::new("429"))])
    {
        let mut stand = late_output().await;
        stand.poll(20 * SECOND, answer.clone()).await;
        let Stage::Fetching { outputs, .. } = &stand.job().stage else { panic!("{answer:?}: {:?}", stand.job().stage) };
        assert_eq!(outputs[0].url, "https://cdn.example/v.mp4");
        assert_eq!(stand.job().troubles.as_ref().unwrap().last.kind, TroubleKind::Fetch, "the row of waits goes on");
    }
}

#[tokio::test]
async fn links_are_tried_once_after_their_time_and_once_where_a_person_asks() {
    let gone = || PollOutcome::NotFound { message: String::new() };
    let mut stand = late_output().await;
    assert!(matches!(stand.poll(25 * HOUR, gone()).await, Event::FetchAgain { .. }));
    stand.happens(25 * HOUR + SECOND, in_vain());
    for minute in 1..4_u32 {
        stand.poll(25 * HOUR + 10 * 60 * SECOND * minute, gone()).await;
    }
    assert_eq!(stand.failure().kind, FailureKind::Expired);
    stand.happens(26 * HOUR, Event::Retry { buy: false });
    assert!(matches!(stand.poll(26 * HOUR, gone()).await, Event::FetchAgain { .. }));
    stand.happens(26 * HOUR + SECOND, in_vain());
    assert!(matches!(stand.poll(26 * HOUR + 2 * SECOND, gone()).await, Event::Running { .. }));
    assert!(matches!(stand.poll(26 * HOUR + 3 * SECOND, gone()).await, Event::Running { .. }));
}

#[tokio::test]
async fn job_whose_links_nobody_kept_is_asked_about_ever_more_rarely() {
    let mut stand = without_links().await;
    let (mut age, mut looks) = (12 * SECOND, 0);
    while age < 23 * HOUR {
        let event = stand.poll(age, PollOutcome::NotFound { message: String::new() }).await;
        let Event::Running { next_poll, trouble: Some(_), .. } = event else { panic!("{event:?}") };
        age += next_poll;
        looks += 1;
    }
    assert!((10..60).contains(&looks), "{looks} requests within a day");
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
        for hour in 1..23 {
            let event = stand.poll(hour * HOUR, end.clone()).await;
            let Event::FetchAgain { trouble, .. } = event else { panic!("{end:?}: {event:?}") };
            assert!(!trouble.reason.is_empty());
            stand.happens(hour * HOUR + SECOND, in_vain());
        }
        stand.poll(23 * HOUR, finished()).await;
        assert_eq!(stand.job().status(), Status::Fetching, "{end:?}");
        assert_eq!(stand.job().submissions, 1);
    }
}

#[tokio::test]
async fn once_the_output_must_be_gone_its_task_ends_as_charged_and_is_not_bought_again() {
    for end in ends() {
        let mut stand = late_output().await;
        for minute in 0..6 {
            let event = stand.poll(25 * HOUR + minute * 5 * 60 * SECOND, end.clone()).await;
            if let Event::FetchAgain { .. } = event {
                assert_eq!(minute, 0, "once");
                stand.happens(25 * HOUR + SECOND, in_vain());
            }
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
    let event = stand.poll(20 * SECOND, PollOutcome::NotFound { message: String::new() }).await;
    assert!(matches!(event, Event::FetchAgain { .. }), "{event:?}");
}

#[tokio::test]
async fn last_look_comes_when_the_wait_for_the_output_ends() {
    let mut stand = without_links().await;
    stand.poll(2 * HOUR, PollOutcome::NotFound { message: String::new() }).await;
    let event = stand.poll(23 * HOUR + HOUR / 2, PollOutcome::NotFound { message: String::new() }).await;
    let Event::Running { next_poll, .. } = event else { panic!("{event:?}") };
    assert!(next_poll <= HOUR / 2 + 10 * SECOND, "{next_poll:?}");
    assert_eq!(stand.job().troubles.as_ref().unwrap().last.kind, TroubleKind::NotFound);
    assert!(matches!(stand.job().stage, Stage::Running { .. }));
}
