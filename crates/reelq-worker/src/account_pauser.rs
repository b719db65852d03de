//! Pauses an account for all workers on the provider's word.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reelq_model::{AccountName, BlockReason, Timestamp};
use reelq_store::{PauseReason, SharedStore};
use tokio::time::timeout;

use crate::{Backoff, SharedRng, retry_transient};

/// Pauses after a 429 that names no wait, by refusals in a row with nothing that went through between them.
const THROTTLED: Backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_mins(5) };
/// How long the job waits that was refused, by its setbacks in a row.
const REFUSED: Backoff = Backoff { base: Duration::from_secs(2), cap: Duration::from_mins(5) };
/// The shortest pause.
const MOMENT: Duration = Duration::from_millis(200);
/// No one waits longer than this on a provider's word alone.
const LONGEST: Duration = Duration::from_hours(24);
/// How long to try to share a pause with the other workers; the current job must be settled before its lease ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pauses an account for all workers, through the store.
#[derive(Debug)]
pub struct AccountPauser {
    account: AccountName,
    store: SharedStore,
    /// For delays.
    pub rng: SharedRng,
    refusals: Mutex<Refusals>,
}

/// The account's refusals in a row, as this process saw them.
#[derive(Debug, Default)]
struct Refusals {
    in_a_row: u32,
    /// The end of the pause for the latest, by the store's time.
    paused_until: Option<Timestamp>,
}

impl AccountPauser {
    /// A pauser that has seen no refusal.
    pub fn new(account: AccountName, store: SharedStore, rng: SharedRng) -> Self {
        Self { account, store, rng, refusals: Mutex::default() }
    }

    /// How long to pause after a 429: as long as the provider asked for, or by the account's refusals in a row where it
    /// named no wait. Those of requests that were begun before the last pause ended are one. Both times are the store's.
    pub fn throttled_for(&self, named: Option<Duration>, begun: Timestamp, now: Timestamp) -> Duration {
        let mut refusals = self.refusals();
        if refusals.paused_until.is_none_or(|until| begun >= until) {
            refusals.in_a_row = refusals.in_a_row.saturating_add(1);
        }
        let before = refusals.in_a_row.saturating_sub(1);
        let pause = match named {
            // Whatever a provider names, it is given a moment.
            Some(wait) => wait.max(MOMENT).min(LONGEST),
            None => (THROTTLED.ceiling(before) + THROTTLED.full_jitter(before, &self.rng)) / 2,
        };
        refusals.paused_until = refusals.paused_until.max(Some(now.after(pause)));
        pause
    }

    /// A request that was begun at `begun` was decided on: the provider is not closed.
    pub fn went_through(&self, begun: Timestamp) {
        let mut refusals = self.refusals();
        if refusals.paused_until.is_some_and(|until| begun >= until) {
            *refusals = Refusals::default();
        }
    }

    /// The wait of a job that was refused: a moment, longer with its setbacks. The account's pause holds it for the rest,
    /// so that whoever lifts the pause frees the job too.
    pub fn job_wait(&self, setbacks: u32) -> Duration {
        REFUSED.full_jitter(setbacks, &self.rng).max(REFUSED.base / 2)
    }

    /// The provider said "too fast": pauses for `lasts`.
    pub async fn throttled(&self, lasts: Duration) {
        self.pause(&PauseReason::Throttled, Some(lasts)).await;
    }

    fn refusals(&self) -> std::sync::MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The provider refuses the account: pauses until a person acts.
    pub async fn blocked(&self, block: BlockReason, message: &str) {
        tracing::error!(account = %self.account, block = block.as_str(), message, "the provider refuses the account");
        self.pause(&PauseReason::Blocked { block, message: message.to_owned() }, None).await;
    }

    async fn pause(&self, reason: &PauseReason, lasts: Option<Duration>) {
        let paused = retry_transient(&self.rng, || self.store.pause_account(&self.account, reason, lasts));
        match timeout(PATIENCE, paused).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the pause could not be shared with the other workers"),
            Err(_) => tracing::warn!("the store is unreachable; the pause could not be shared with the other workers"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reelq_model::SystemClock;
    use reelq_testkit::MemoryStore;

    use super::*;

    fn pauser() -> AccountPauser {
        let store = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
        AccountPauser::new("acct".parse().unwrap(), store, SharedRng::seeded(7))
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000).after(Duration::from_millis(millis))
    }

    #[test]
    fn requests_that_are_refused_together_pause_once_and_shortly() {
        let pauser = pauser();
        let pauses: Vec<_> = (0..100).map(|n| pauser.throttled_for(None, at(n), at(n + 50))).collect();
        assert!(pauses.iter().all(|pause| *pause <= Duration::from_secs(1)), "{pauses:?}");
        assert!(pauses.iter().all(|pause| *pause >= Duration::from_millis(500)), "{pauses:?}");
    }

    #[test]
    fn a_provider_that_stays_closed_is_asked_ever_more_rarely() {
        let (pauser, mut now) = (pauser(), 0);
        for before in 0..12 {
            let pause = pauser.throttled_for(None, at(now), at(now + 50));
            let ceiling = THROTTLED.ceiling(before);
            assert!(pause >= ceiling / 2 && pause <= ceiling, "{pause:?} after {before}");
            now += 51 + u64::try_from(pause.as_millis()).unwrap();
        }
    }

    #[test]
    fn what_goes_through_after_the_pause_makes_the_next_one_short() {
        let (pauser, mut now) = (pauser(), 0);
        for _ in 0..8 {
            let pause = pauser.throttled_for(None, at(now), at(now));
            pauser.went_through(at(now));
            now += 1 + u64::try_from(pause.as_millis()).unwrap();
        }
        assert!(pauser.throttled_for(None, at(now), at(now)) > Duration::from_mins(1), "nothing began after a pause");
        let later = now + 1_000_000;
        pauser.went_through(at(later));
        assert!(pauser.throttled_for(None, at(later), at(later)) <= Duration::from_secs(1));
    }

    #[test]
    fn a_wait_that_is_named_is_kept_to() {
        let pauser = pauser();
        let named = |seconds| pauser.throttled_for(Some(Duration::from_secs(seconds)), at(0), at(0));
        assert_eq!([0, 7, 1_000_000].map(named), [MOMENT, Duration::from_secs(7), LONGEST]);
    }
}
