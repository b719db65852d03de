//! The learned number of jobs in flight. A place too many is refused at once, so that every probe is dear: it is made in
//! small steps, rarely, and in larger ones only where the limit proves to have risen.

use serde::{Deserialize, Serialize};

const PLACES_MAX: f64 = 1_000_000.0;
/// What a second of calm multiplies before the first refusal.
const SLOW_START: f64 = 0.5;
/// How long a number below the one that was refused is kept, in seconds.
const HOLD_S: f64 = 12.0;
/// How long a number is kept that proves the last refusal to be no limit any more.
const PASSED_HOLD_S: f64 = 2.0;
/// The least share that a step adds.
const STEP: f64 = 0.02;

/// A learned number of places.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FlightTrack {
    /// Jobs that may be submitting or running at once; its whole part counts.
    pub value: f64,
    /// What was last too many; `None` before the first refusal.
    pub refused_at: Option<f64>,
    /// Seconds of use without a refusal at this number.
    #[serde(default)]
    pub(super) calm_s: f64,
}

impl FlightTrack {
    /// Begins at `value`, with nothing known.
    pub(super) fn new(value: f64) -> Self {
        Self { value, refused_at: None, calm_s: 0.0 }
    }

    /// Its whole part, at least one.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and a million")]
    pub fn places(self) -> std::num::NonZeroU32 {
        std::num::NonZeroU32::new(self.value.clamp(1.0, PLACES_MAX) as u32).unwrap_or(std::num::NonZeroU32::MIN)
    }

    /// The number after a refusal while `in_flight` jobs were, or tried to be, in flight.
    pub(super) fn shrunk(self, in_flight: f64) -> Self {
        let refused_at = in_flight.clamp(0.5 * self.value, self.value).max(1.0);
        let value = (refused_at - (0.03 * refused_at).max(1.0)).floor().max(1.0);
        Self { value, refused_at: Some(refused_at), calm_s: 0.0 }
    }

    /// The number after `seconds` in which it was used and nothing was refused.
    pub(super) fn grown(self, seconds: f64) -> Self {
        let Some(refused_at) = self.refused_at else {
            return self.to(self.value + (SLOW_START * self.value * seconds).max(1.0));
        };
        let calm_s = self.calm_s + seconds;
        let passed = self.value - refused_at;
        let (hold, step) = if passed < 0.0 { (HOLD_S, 1.0) } else { (PASSED_HOLD_S, passed + 1.0) };
        if calm_s < hold {
            return Self { calm_s, ..self };
        }
        self.to(self.value + step.max(STEP * self.value))
    }

    fn to(self, value: f64) -> Self {
        Self { value: value.min(PLACES_MAX), calm_s: 0.0, ..self }
    }
}
