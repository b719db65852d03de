//! The learned number of paid requests a second. It grows quickly until the first refusal, then creeps past the rate at
//! which the last one came, and quickens again only where that proves to be no limit any more.

use serde::{Deserialize, Serialize};

/// No one is slowed down further than this.
const RATE_MIN: f64 = 0.01;
/// No one asks faster than this.
const RATE_MAX: f64 = 10_000.0;
/// What a second of calm adds before the first refusal.
const SLOW_START: f64 = 0.5;
/// A plateau begins this far below the rate of the last refusal.
const PLATEAU: f64 = 0.96;
/// The last refusal's rate is doubted once it was passed by this much.
const DOUBT: f64 = 1.04;
/// What a second of calm adds on the plateau.
const CREEP: f64 = 0.008;
/// How long the plateau is kept before it is left, in seconds.
const HOLD_S: f64 = 3.0;
/// Below this rate, time on the plateau counts for less.
const FEW: f64 = 8.0;
/// Where less than this share of the rate got through, the limit is far below, and what got through tells it.
const FAR: f64 = 0.75;

/// A learned rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateTrack {
    /// Paid requests a second.
    pub value: f64,
    /// The rate that was refused last; `None` before the first refusal.
    pub refused_at: Option<f64>,
    /// Seconds of use without a refusal, on the plateau.
    #[serde(default)]
    pub(super) calm_s: f64,
}

impl RateTrack {
    /// Begins at `value`, with nothing known.
    pub(super) fn new(value: f64) -> Self {
        Self { value, refused_at: None, calm_s: 0.0 }
    }

    /// The rate after a refusal; `got_through` is what was lately sent a second.
    pub(super) fn shrunk(self, got_through: Option<f64>) -> Self {
        let near = got_through.is_some_and(|got| got >= FAR * self.value);
        let (value, refused_at) = match got_through {
            Some(got) if near => (got.clamp(0.85 * self.value, 0.97 * self.value), self.value.min(1.1 * got)),
            Some(got) => {
                let value = got.max(self.bottom());
                (value, 1.1 * value)
            }
            None => (0.7 * self.value, self.value),
        };
        Self { value: value.max(RATE_MIN), refused_at: Some(refused_at.max(RATE_MIN)), calm_s: 0.0 }
    }

    /// The least that the limit can be: one that was overrun in quick growth is not far below, and not below what was
    /// just passed; any other may have fallen.
    fn bottom(self) -> f64 {
        match self.refused_at {
            None => 0.5 * self.value,
            Some(at) if self.value > DOUBT * at => (0.5 * self.value).max(PLATEAU * at),
            Some(_) => 0.25 * self.value,
        }
    }

    /// The rate after `seconds` in which it was used and nothing was refused.
    pub(super) fn grown(self, seconds: f64) -> Self {
        let Some(refused_at) = self.refused_at else {
            return Self { value: (self.value * (1.0 + SLOW_START * seconds)).min(RATE_MAX), ..self };
        };
        let plateau = PLATEAU * refused_at;
        if self.value < plateau {
            let step = (0.1 * self.value).max(0.5 * (plateau - self.value));
            return Self { value: (self.value + step * seconds).min(plateau), ..self };
        }
        // A probe costs a refusal: where requests are few, probes are rarer.
        let patient = seconds * (self.value / FEW).min(1.0);
        let calm_s = self.calm_s + patient;
        let value = if calm_s < HOLD_S {
            self.value
        } else if self.value < DOUBT * refused_at {
            self.value * (1.0 + CREEP * patient)
        } else {
            let passed = self.value / refused_at - 1.0;
            self.value * (1.0 + (3.0 * passed).min(SLOW_START) * seconds)
        };
        Self { value: value.min(RATE_MAX), calm_s, ..self }
    }
}
