//! Attempts to connect: between them lie growing pauses with jitter, and a call inside a pause fails at once.
//!
//! Nobody queues for a server that is away. All connections of a link share one pause.

use std::{
    error::Error as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reelq_store::{Error, Result};

/// The first pause after a failed attempt; every further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// What came of the attempts so far.
#[derive(Debug)]
pub(super) struct Attempts {
    longest_pause: Duration,
    seed: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    failed_at: Duration,
    not_before: Duration,
    reason: String,
}

impl Attempts {
    /// `seed` is what the jitter comes from.
    pub(super) fn new(longest_pause: Duration, seed: u64) -> Self {
        Self { longest_pause, seed, state: Mutex::default() }
    }

    /// Whether an attempt may begin at `now`; inside a pause it fails with the reason of the last failure.
    pub(super) fn may_begin(&self, now: Duration) -> Result<()> {
        let state = self.state();
        if now < state.not_before { Err(Error::unavailable(state.reason.clone())) } else { Ok(()) }
    }

    /// One succeeded.
    pub(super) fn succeeded(&self) {
        *self.state() = State::default();
    }

    /// One that began at `began` failed at `now`. Those that were under way together count as one.
    pub(super) fn failed(&self, error: &Error, began: Duration, now: Duration) {
        let mut state = self.state();
        if state.failures > 0 && began < state.failed_at {
            return;
        }
        let whole = FIRST_PAUSE.saturating_mul(1 << state.failures.min(16)).min(self.longest_pause);
        let failures = state.failures.saturating_add(1);
        let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        *state = State { failures, failed_at: now, not_before: now + jittered(whole, self.seed, failures), reason };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Between half of the pause and the whole of it, so that a fleet does not come back in step.
fn jittered(whole: Duration, seed: u64, round: u32) -> Duration {
    let mixed = (seed ^ u64::from(round).wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let share = u32::try_from((mixed >> 48) & 0xff).unwrap_or_default();
    whole / 2 + (whole / 2).saturating_mul(share) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_differ_between_processes_and_stay_within_bounds() {
        let whole = Duration::from_secs(1);
        let pauses: Vec<_> = (0..50).map(|seed| jittered(whole, seed, 1)).collect();
        assert!(pauses.iter().all(|pause| (whole / 2..=whole).contains(pause)), "{pauses:?}");
        assert!(pauses.iter().collect::<std::collections::BTreeSet<_>>().len() > 20, "{pauses:?}");
    }

    #[test]
    fn failures_grow_the_pause_those_of_one_moment_once_and_a_success_ends_it() {
        let (attempts, error) = (Attempts::new(Duration::from_secs(2), 1), Error::unavailable("it is away"));
        let seconds = Duration::from_secs;
        for _ in 0..4 {
            attempts.failed(&error, seconds(1), seconds(2));
        }
        assert!(attempts.may_begin(seconds(2) + FIRST_PAUSE).is_ok());
        let refused = attempts.may_begin(seconds(2)).unwrap_err();
        assert_eq!(refused.source().unwrap().to_string(), "it is away");
        for second in 3..20 {
            attempts.failed(&error, seconds(second), seconds(second));
        }
        assert!(attempts.may_begin(seconds(20)).is_err() && attempts.may_begin(seconds(21)).is_ok());
        attempts.succeeded();
        assert!(attempts.may_begin(seconds(19)).is_ok());
    }
}
