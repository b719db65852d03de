//! Attempts to connect: between them lie growing pauses with jitter, and a call inside a pause fails at once.
//!
//! No one queues for a server that is unreachable. All connections of a link share one pause.

use std::{
    error::Error as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBuilder};
use reelq_store::{Error, Result};

/// The longest pause after the first failed attempt; every further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The pauses that follow each other.
type Pauses = <ExponentialBuilder as BackoffBuilder>::Backoff;

/// What came of the attempts so far.
#[derive(Debug)]
pub(super) struct Attempts {
    longest_pause: Duration,
    pauses: ExponentialBuilder,
    /// The last attempt, where it failed.
    failure: Mutex<Option<Failure>>,
}

#[derive(Debug)]
struct Failure {
    at: Duration,
    not_before: Duration,
    reason: String,
    pauses: Pauses,
}

impl Attempts {
    /// `seed` is what the jitter comes from.
    pub(super) fn new(longest_pause: Duration, seed: u64) -> Self {
        Self { longest_pause, pauses: pauses(longest_pause, seed), failure: Mutex::default() }
    }

    /// Whether an attempt may begin at `now`; inside a pause it fails with the reason of the last failure.
    pub(super) fn may_begin(&self, now: Duration) -> Result<()> {
        match &*self.failure() {
            Some(failure) if now < failure.not_before => Err(Error::unavailable(failure.reason.clone())),
            _ => Ok(()),
        }
    }

    /// One succeeded.
    pub(super) fn succeeded(&self) {
        *self.failure() = None;
    }

    /// One that began at `began` failed at `now`. Those that were under way together count as one.
    pub(super) fn failed(&self, error: &Error, began: Duration, now: Duration) {
        let mut last = self.failure();
        if last.as_ref().is_some_and(|last| began < last.at) {
            return;
        }
        let mut pauses = last.take().map_or_else(|| self.pauses.build(), |last| last.pauses);
        let pause = pauses.next().unwrap_or(self.longest_pause);
        let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        *last = Some(Failure { at: now, not_before: now + pause, reason, pauses });
    }

    fn failure(&self) -> MutexGuard<'_, Option<Failure>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each between half of its length and the whole of it, so that a fleet does not come back in step: backon adds up to as
/// much again to the half.
fn pauses(longest: Duration, seed: u64) -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE.min(longest) / 2)
        .with_max_delay(longest / 2)
        .without_max_times()
        .with_jitter()
        .with_jitter_seed(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_differ_between_processes_and_stay_within_bounds() {
        let (longest, wholes) =
            (Duration::from_secs(1), [50, 100, 200, 400, 800, 1000, 1000].map(Duration::from_millis));
        let of_each: Vec<Vec<_>> = (0..50).map(|seed| pauses(longest, seed).build().take(7).collect()).collect();
        for (at, whole) in wholes.into_iter().enumerate() {
            let round: Vec<_> = of_each.iter().map(|pauses| pauses[at]).collect();
            assert!(round.iter().all(|pause| (whole / 2..=whole).contains(pause)), "{at}: {round:?}");
            assert!(round.iter().collect::<std::collections::BTreeSet<_>>().len() > 20, "{at}: {round:?}");
        }
    }

    #[test]
    fn failures_grow_the_pause_those_of_one_moment_once_and_a_success_ends_it() {
        let (attempts, error) = (Attempts::new(Duration::from_secs(2), 1), Error::unavailable("it is unreachable"));
        let seconds = Duration::from_secs;
        for _ in 0..4 {
            attempts.failed(&error, seconds(1), seconds(2));
        }
        assert!(attempts.may_begin(seconds(2) + FIRST_PAUSE).is_ok());
        let refused = attempts.may_begin(seconds(2)).unwrap_err();
        assert_eq!(refused.source().unwrap().to_string(), "it is unreachable");
        for second in 3..20 {
            attempts.failed(&error, seconds(second), seconds(second));
        }
        assert!(attempts.may_begin(seconds(20)).is_err() && attempts.may_begin(seconds(21)).is_ok());
        attempts.succeeded();
        assert!(attempts.may_begin(seconds(19)).is_ok());
    }
}
