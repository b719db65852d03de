//! Which pauses hold which work, and which of two pauses for one reason stands.

use std::time::Duration;

use reelq_limits::POLLS_THROTTLED_MAX;
use reelq_model::Timestamp;

use super::{bounds, codes};
use crate::{ClaimStage, Claimed, Pause};

/// What a claim brings while pauses hold its work; `None` where none does. Each pause comes with the number of its reason
/// ([`codes::pause`]), which is known even where the reason cannot be read. `next_poll` answers when the next task is due.
///
/// # Errors
/// What `next_poll` fails with.
pub fn held<E>(
    stage: ClaimStage,
    pauses: impl IntoIterator<Item = (i64, Pause)>,
    now: Timestamp,
    next_poll: impl FnOnce() -> Result<Option<Duration>, E>,
) -> Result<Option<Claimed>, E> {
    let standing = pauses.into_iter().filter(|(_, pause)| pause.stands(now));
    let holding: Vec<Pause> = standing.filter_map(|(kind, pause)| holding(stage, kind, pause, now)).collect();
    if holding.is_empty() {
        return Ok(None);
    }
    let end = last_end(holding).map(|end| end.since(now));
    let retry_in = match stage {
        // Where there is nothing to ask about, no one waits for the end of the pause.
        ClaimStage::Poll => end.zip(next_poll()?).map(|(end, due)| end.max(due)),
        ClaimStage::Submit | ClaimStage::Collect => end,
    };
    Ok(Some(Claimed { retry_in, ..Claimed::default() }))
}

/// The pause as it holds work of `stage`; `None` where it does not hold it.
fn holding(stage: ClaimStage, kind: i64, pause: Pause, now: Timestamp) -> Option<Pause> {
    match stage {
        ClaimStage::Submit => Some(pause),
        ClaimStage::Poll if kind == codes::PAUSE_THROTTLED => {
            let until = pause.until.map(|until| until.min(pause.since.after(POLLS_THROTTLED_MAX)));
            Some(Pause { until, ..pause }).filter(|pause| pause.stands(now))
        }
        ClaimStage::Poll | ClaimStage::Collect => None,
    }
}

/// When pauses end by themselves; `None` where a person must end one of them, which makes the others' ends meaningless.
fn last_end(pauses: impl IntoIterator<Item = Pause>) -> Option<Timestamp> {
    let ends: Option<Vec<Timestamp>> = pauses.into_iter().map(|pause| pause.until).collect();
    ends.and_then(|ends| ends.into_iter().max())
}

/// From when until when an account pauses that is to pause for `lasts`: of two pauses for the same reason the longer
/// stands, from the beginning of the first.
pub fn merged(standing: Option<&Pause>, lasts: Option<Duration>, now: Timestamp) -> (Timestamp, Option<Timestamp>) {
    let asked = lasts.map(|lasts| bounds::time(now.after(lasts)));
    match standing {
        None => (now, asked),
        Some(pause) => (pause.since, pause.until.zip(asked).map(|(one, other)| one.max(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PauseReason, transition::samples::at};

    fn pause(until: Option<i64>) -> Pause {
        Pause { reason: PauseReason::Throttled, since: at(1_000), until: until.map(at) }
    }

    #[test]
    fn a_throttled_account_is_polled_again_after_five_minutes() {
        let ends = |stage, kind, until, now| holding(stage, kind, pause(until), at(now)).map(|pause| pause.until);
        let (throttled, capped) = (codes::PAUSE_THROTTLED, 1_000 + 300_000);
        assert_eq!(ends(ClaimStage::Poll, throttled, Some(900_000), 2_000), Some(Some(at(capped))));
        assert_eq!(ends(ClaimStage::Poll, throttled, Some(900_000), capped), None);
        assert_eq!(ends(ClaimStage::Poll, codes::PAUSE_BLOCKED, None, 2_000), None);
        assert_eq!(ends(ClaimStage::Collect, throttled, None, 2_000), None);
        assert_eq!(ends(ClaimStage::Submit, throttled, Some(900_000), 2_000), Some(Some(at(900_000))));
    }

    #[test]
    fn the_longer_of_two_pauses_stands_and_one_without_an_end_has_none() {
        assert_eq!(last_end([pause(Some(5)), pause(Some(9))]), Some(at(9)));
        assert_eq!(last_end([pause(Some(5)), pause(None)]), None);
        let merge =
            |until, lasts: Option<u64>| merged(Some(&pause(until)), lasts.map(Duration::from_millis), at(2_000));
        assert_eq!(merged(None, Some(Duration::from_millis(5)), at(7)), (at(7), Some(at(12))));
        assert_eq!(merge(Some(9_000), Some(10)), (at(1_000), Some(at(9_000))));
        assert_eq!(merge(Some(2_005), Some(10)), (at(1_000), Some(at(2_010))));
        assert_eq!(merge(None, Some(10)), (at(1_000), None));
        assert_eq!(merge(Some(9_000), None), (at(1_000), None));
    }
}
