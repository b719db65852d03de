//! The learned number of paid requests a second. It grows quickly until the first refusal, then creeps past the rate at
//! which the last one came, and quickens again only where that proves to be no limit any more.

use std::time::Duration;

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
/// One that was passed by this much is none any more.
const FAR_BEYOND: f64 = 1.08;
/// What a second of calm adds on the plateau.
const CREEP: f64 = 0.008;
/// How long the plateau is kept before it is left, in seconds.
const HOLD_S: f64 = 3.0;
/// What a second of calm adds at most beyond the last refusal's rate.
const QUICK: f64 = 0.1;
/// How long a number that someone wrote down is kept up before it stands again, in seconds.
const KEPT_UP_S: f64 = 8.0;
/// Below this rate, time on the plateau counts for less.
const FEW: f64 = 8.0;
/// Where less than this share of the rate got through, the limit is far below, and what got through tells it.
const FAR: f64 = 0.75;
/// Less than this share of what got through is safe.
const SAFE: f64 = 0.98;

/// A pause of this length is none to be avoided; a longer one puts off the next probe, by no more than the other.
const SHORT_S: f64 = 2.0;
const WAITED_MAX_S: f64 = 30.0;

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
    /// What got through a second when it was last refused.
    #[serde(default)]
    pub(super) through: Option<f64>,
    /// The rate at which a whole step passed, where it was tried out beyond the plateau since the last refusal.
    #[serde(default)]
    pub(super) passed: Option<f64>,
}

impl RateTrack {
    /// Begins at `value`, with nothing known.
    pub(super) fn new(value: f64) -> Self {
        Self { value, refused_at: None, calm_s: 0.0, through: None, passed: None }
    }

    /// At a rate that refusals had nothing to do with.
    pub(super) fn back_at(value: f64) -> Self {
        Self { refused_at: Some(value), ..Self::new(value) }
    }

    /// Far below what was refused, at what got through.
    pub(super) fn found(got_through: f64, wait: Duration) -> Self {
        let value = (0.97 * got_through).max(RATE_MIN);
        let refused_at = Some((1.02 * got_through).max(RATE_MIN));
        Self { value, refused_at, calm_s: -waited(wait), through: Some(got_through), passed: None }
    }

    /// After `seconds` of use below a number that someone wrote down; `None` once that was kept up for long enough:
    /// nothing is left to be learned.
    pub(super) fn grown_below(self, number: f64, seconds: f64) -> Option<Self> {
        if self.value < number {
            let grown = self.grown(seconds);
            let calm_s = if grown.value < number { grown.calm_s } else { 0.0 };
            return Some(Self { value: grown.value.min(number), calm_s, ..grown });
        }
        let calm_s = self.calm_s + seconds;
        (calm_s < KEPT_UP_S).then_some(Self { value: number, calm_s, ..self })
    }

    /// After a refusal on trial: what got through may have been a little less than it seemed.
    pub(super) fn a_little_slower(self) -> Self {
        Self { value: (0.9 * self.value).max(RATE_MIN), calm_s: 0.0, ..self }
    }

    /// At a rate that nothing was refused at for long: what is above it may get through too.
    pub(super) fn doubted(self) -> Self {
        Self { refused_at: Some(self.value / FAR_BEYOND), calm_s: HOLD_S, ..self }
    }

    /// Whether no more is sent than what got through before: a limit refuses none of that.
    pub(super) fn is_safe(self) -> bool {
        self.through.is_some_and(|through| self.value <= SAFE * through)
    }

    /// The rate after a refusal; `got_through` is what was lately sent a second.
    pub(super) fn shrunk(self, got_through: Option<f64>, wait: Duration) -> Self {
        let near = got_through.is_some_and(|got| got >= FAR * self.value);
        let (value, refused_at) = match got_through {
            Some(got) if near => ((0.97 * got).clamp(0.85 * self.value, 0.97 * self.value), self.value.min(1.02 * got)),
            // What was sent in the last steps is well above the mean of the time before.
            Some(_) if self.passed.is_some_and(|passed| passed >= FAR * self.value) => {
                let passed = self.passed.unwrap_or(self.value);
                (0.85 * passed, passed)
            }
            Some(got) => {
                let value = (0.97 * got).max(self.bottom());
                (value, 1.02 * value)
            }
            None => (0.7 * self.value, self.value),
        };
        Self {
            value: value.max(RATE_MIN),
            refused_at: Some(refused_at.max(RATE_MIN)),
            calm_s: -waited(wait),
            through: got_through,
            passed: None,
        }
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
            self.value * (1.0 + (3.0 * passed).min(QUICK) * seconds)
        };
        let passed = if calm_s < HOLD_S { None } else { Some(self.value) };
        Self { value: value.min(RATE_MAX), calm_s, passed, ..self }
    }
}

/// A probe that is refused costs a pause: where pauses are long, probes are rarer, by so many seconds.
fn waited(wait: Duration) -> f64 {
    (2.0 * (wait.as_secs_f64() - SHORT_S)).clamp(0.0, WAITED_MAX_S)
}
