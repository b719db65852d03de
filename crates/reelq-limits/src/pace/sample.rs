//! Moments of an account's use, as the store counts it.

use std::time::Duration;

use reelq_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::Present;

/// The tokens that were handed out until a moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Sample {
    pub(super) at: Timestamp,
    pub(super) tokens: u64,
}

impl Sample {
    pub(super) fn of(present: &Present<'_>) -> Self {
        Self { at: present.now, tokens: present.usage.tokens }
    }

    pub(super) fn age(self, now: Timestamp) -> Duration {
        now.since(self.at)
    }

    /// Tokens since then.
    pub(super) fn requests(self, present: &Present<'_>) -> f64 {
        count(present.usage.tokens.saturating_sub(self.tokens))
    }

    /// Tokens a second since then.
    pub(super) fn rate(self, present: &Present<'_>) -> f64 {
        self.requests(present) / self.age(present.now).as_secs_f64().max(1e-3)
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(super) const fn count(number: u64) -> f64 {
    number as f64
}
