//! How soon an account's breaker opens, and how long it waits.

use std::time::Duration;

/// How soon an account's breaker opens, and how long it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Bad outcomes in a row that open it; 0 switches it off.
    pub after: u32,
    /// Unknown fates in a row that open it.
    pub lost_after: u32,
    /// An unknown fate cannot be asked for again: purchases take slots.
    pub slots: bool,
    /// From its opening to the first probe.
    pub wait: Duration,
    /// The longest wait between two probes, unless the provider asks for a longer one.
    pub longest: Duration,
}

/// No one waits longer than this on a provider's word alone.
const WORD_MAX: Duration = Duration::from_hours(24);
/// Shorter where probes are replays: the provider remembers their keys only for so long.
const REPLAYED_WORD_MAX: Duration = Duration::from_mins(15);
/// A wait is made longer by up to this share, so that accounts do not probe in step.
const SPREAD: f64 = 0.2;

impl BreakerPolicy {
    /// Whether it never opens.
    pub const fn is_off(&self) -> bool {
        self.after == 0
    }

    /// The wait after so many probes in vain; `dice` is from 0 to 1. Never shorter than the provider's own word,
    /// within its bound.
    pub(super) fn wait_after(&self, probes: u32, dice: f64, word: Option<Duration>) -> Duration {
        let doubled = self.wait.saturating_mul(2_u32.saturating_pow(probes.min(20)));
        let ours = doubled.mul_f64(1.0 + SPREAD * dice.clamp(0.0, 1.0)).min(self.longest);
        let most = if self.slots { WORD_MAX } else { REPLAYED_WORD_MAX };
        ours.max(word.unwrap_or_default().min(most))
    }

    /// For how long nothing must be fetched in vain before a probe, where outputs could not be fetched.
    pub(super) fn quiet(&self) -> Duration {
        self.longest
    }
}
