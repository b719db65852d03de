//! Moments of an account's use, as the store counts it, and what lies between two of them.

use std::time::Duration;

use reelq_model::Timestamp;
use serde::{Deserialize, Serialize};

/// What was handed out, refused and waited for until a moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Sample {
    pub(super) at: Timestamp,
    /// Rate tokens that were handed out.
    pub(super) tokens: u64,
    /// Requests that were refused.
    #[serde(default)]
    pub(super) refused: u64,
    /// Milliseconds in which the vendor had asked for a pause.
    #[serde(default)]
    pub(super) stood_ms: u64,
}

impl Sample {
    pub(super) fn age(self, now: Timestamp) -> Duration {
        now.since(self.at)
    }

    /// What lies between an earlier moment and this one.
    pub(super) fn since(self, earlier: Self) -> Between {
        let seconds = self.at.since(earlier.at).as_secs_f64();
        let stood = Duration::from_millis(self.stood_ms.saturating_sub(earlier.stood_ms)).as_secs_f64().min(seconds);
        Between {
            sent: count(self.tokens.saturating_sub(earlier.tokens)),
            refused: count(self.refused.saturating_sub(earlier.refused)),
            active: seconds - stood,
            stood,
        }
    }
}

/// What lies between two moments; times in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Between {
    pub(super) sent: f64,
    pub(super) refused: f64,
    /// Time in which requests could be sent.
    pub(super) active: f64,
    /// Time in which the vendor had asked for a pause.
    pub(super) stood: f64,
}

impl Between {
    /// Requests a second, pauses included.
    pub(super) fn rate(self) -> f64 {
        self.sent / (self.active + self.stood).max(1e-3)
    }

    /// The share of what a rate allows outside of pauses.
    pub(super) fn used(self, rate: f64) -> f64 {
        self.sent / (rate * self.active).max(1e-3)
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(super) const fn count(number: u64) -> f64 {
    number as f64
}
