//! How long until the next look.

use std::time::Duration;

use reelq_model::{Event, Setback};
use reelq_provider::PollOutcome;

use crate::stand::{PLAN, Stand};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

fn running(wait: Option<Duration>) -> PollOutcome {
    PollOutcome::Running { word: "processing".to_owned(), unknown_word: false, progress: Some(40), wait }
}

fn next_poll(event: &Event) -> Duration {
    let Event::Running { next_poll, .. } = event else { panic!("{event:?}") };
    *next_poll
}

fn asks_for(wait: Duration) -> Setback {
    Setback { wait: Some(wait), ..Setback::new("HTTP 503") }
}

#[tokio::test]
async fn server_hint_is_respected_even_above_the_longest_wait() {
    let mut stand = Stand::new();
    let hint = 45 * SECOND;
    assert_eq!(next_poll(&stand.poll(SECOND, running(Some(hint))).await), hint);
    assert_eq!(next_poll(&stand.poll(SECOND, running(Some(Duration::ZERO))).await), PLAN.min);
}

#[tokio::test]
async fn no_header_silences_a_task_for_an_hour() {
    let answers =
        [running(Some(HOUR)), PollOutcome::Unclear(asks_for(HOUR)), PollOutcome::Throttled(asks_for(24 * HOUR))];
    for answer in answers {
        let mut stand = Stand::new();
        let event = stand.poll(SECOND, answer.clone()).await;
        assert!(next_poll(&event) <= 10 * PLAN.max, "{answer:?}: {event:?}");
    }
    let mut overdue = Stand::new();
    assert!(next_poll(&overdue.poll(HOUR, running(Some(HOUR))).await) <= 10 * PLAN.max);
}

#[tokio::test]
async fn task_past_its_lifetime_is_looked_at_ever_more_rarely_up_to_hourly() {
    let mut stand = Stand::new();
    let mut waits = Vec::new();
    for hours in [20, 25, 26, 100] {
        waits.push(next_poll(&stand.poll(hours * HOUR, running(None)).await));
    }
    assert!(waits[0] < 5 * PLAN.max, "{waits:?}: its output may still come");
    assert!(waits[1] > HOUR / 6 && waits[1] < waits[2] && waits[2] <= HOUR, "{waits:?}");
    assert!(waits[3] > HOUR / 3 && waits[3] <= HOUR, "{waits:?}");
}

#[tokio::test]
async fn requests_in_vain_become_rarer_the_longer_that_lasts() {
    let mut stand = Stand::new();
    let (mut age, mut looks) = (SECOND, 0);
    while age < 20 * HOUR {
        age += next_poll(&stand.poll_in_vain(age).await);
        looks += 1;
    }
    let next = next_poll(&stand.poll_in_vain(age).await);
    assert!(next > HOUR / 3 && next <= HOUR, "{next:?} after {looks} looks");
    assert!(looks < 200, "{looks} looks");
    // Back at once to the usual rhythm.
    assert!(next_poll(&stand.poll(age, running(None)).await) < 5 * PLAN.max);
}

#[tokio::test]
async fn throttled_look_is_no_trouble_of_the_task() {
    let mut stand = Stand::new();
    stand.poll(SECOND, PollOutcome::Throttled(asks_for(SECOND))).await;
    assert_eq!(stand.job().troubles, None);
}
