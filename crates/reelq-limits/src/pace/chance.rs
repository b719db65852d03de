//! Refusals that are no matter of rate.

use std::time::Duration;

use reelq_model::Timestamp;
use serde::{Deserialize, Serialize};

/// How long refusals pass for chance: at first, and the longer the more often that is found.
const FIRST: Duration = Duration::from_mins(2);
const LONGEST: Duration = Duration::from_mins(10);
/// They pass for it no longer where they come so many times as often as they did.
const OFTENER: f64 = 4.0;

/// Refusals that pass for chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Chance {
    until: Timestamp,
    lasts: Duration,
    /// Requests from one to the next, at first and of late.
    usual: f64,
    lately: f64,
}

impl Chance {
    pub(super) fn found(earlier: Option<Self>, usual: f64, now: Timestamp) -> Self {
        let lasts = earlier.map_or(FIRST, |earlier| (2 * earlier.lasts).min(LONGEST));
        Self { until: now.after(lasts), lasts, usual, lately: usual }
    }

    pub(super) fn stands(self, now: Timestamp) -> bool {
        now < self.until
    }

    /// One more, after so many requests; `None` where they come so often that something has changed.
    pub(super) fn after(self, accepted: Option<f64>) -> Option<Self> {
        let lately = self.lately + accepted.map_or(0.0, |accepted| (accepted - self.lately) / 8.0);
        (OFTENER * lately > self.usual).then_some(Self { lately, ..self })
    }
}
