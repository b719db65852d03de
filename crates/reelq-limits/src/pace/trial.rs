//! Slowing down on trial. A limit refuses nothing below it; chance refuses as often a request as before.

use serde::{Deserialize, Serialize};

/// So many times as many requests without a refusal are no chance; half of them are none after so many seconds of use.
const SURE: f64 = 6.0;
const SURE_S: f64 = 60.0;
/// The same for a number that was found: it was tried out before.
const HELPS: f64 = 3.0;
/// Where slowing down has helped, refusals that come so seldom are those of probes.
const PROBED: f64 = 2.0;
/// So many times in a row slowing down must have been in vain before refusals pass for chance; and where it had helped.
const IN_VAIN: u32 = 2;
const IN_VAIN_THOUGH_HELPED: u32 = 3;
/// Fewer jobs in flight than this tell nothing, nor do numbers that differ by more than this share.
pub(super) const SOME: f64 = 8.0;
const NEARLY: f64 = 0.1;
/// What is usual is the mean of so many runs, at first and at most.
const RUNS: u32 = 3;
const RUNS_MAX: u32 = 8;

/// What a trial has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// Nothing yet, of a number that someone wrote down.
    Open,
    /// That slowing down helped.
    Helped,
    /// It is no number that someone wrote down: what helps is judged from one refusal to the next.
    Unnamed,
}

/// What was before a rate was slowed down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Trial {
    /// The rate.
    pub(super) from: f64,
    /// The requests that were accepted from one episode of refusals to the next, and over how many of them.
    pub(super) usual: f64,
    runs: u32,
    /// Jobs in flight at the refusal that it began with.
    in_flight: f64,
    in_vain: u32,
    state: State,
    /// Refusals pass for chance: the rate is to return.
    pub(super) is_over: bool,
}

impl Trial {
    /// Of a number that someone wrote down, or of one that was found.
    pub(super) const fn new(from: f64, usual: f64, in_flight: f64, is_open: bool) -> Self {
        let state = if is_open { State::Unnamed } else { State::Open };
        Self { from, usual, runs: RUNS, in_flight, in_vain: 0, state, is_over: false }
    }

    /// Whether nothing proves yet that slowing down has helped: until then the rate is kept.
    pub(super) const fn is_open(self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Whether as many jobs are in flight as at the first refusal, and more than a few: their number may be the reason.
    pub(super) fn is_as_full(self, in_flight: f64) -> bool {
        self.in_flight >= SOME && (in_flight - self.in_flight).abs() <= NEARLY * self.in_flight
    }

    /// Whether so many requests without a refusal prove that slowing down has helped.
    pub(super) fn has_helped(self, accepted: f64) -> bool {
        let many = if self.state == State::Unnamed { HELPS } else { SURE };
        accepted > many * self.usual
    }

    /// Nothing was refused for so many requests, and so many seconds of use.
    pub(super) fn in_calm(self, accepted: f64, seconds: f64) -> Self {
        let has_helped = self.has_helped(accepted) || (seconds >= SURE_S && self.has_helped(2.0 * accepted));
        let state = if self.is_open() && has_helped { State::Helped } else { self.state };
        Self { state, ..self }
    }

    const fn most_in_vain(self) -> u32 {
        match self.state {
            State::Helped => IN_VAIN_THOUGH_HELPED,
            State::Open | State::Unnamed => IN_VAIN,
        }
    }

    /// A rate was refused after so many requests; `is_safe` where it had got through before.
    pub(super) fn after(self, accepted: f64, is_safe: bool) -> Self {
        if self.has_helped(accepted) {
            return Self { in_vain: 0, ..self };
        }
        if !is_safe && accepted > PROBED * self.usual {
            return Self { in_vain: 0, ..self };
        }
        let in_vain = self.in_vain + 1;
        if !self.is_open() {
            return Self { in_vain, is_over: in_vain >= self.most_in_vain(), ..self };
        }
        let usual = self.usual + (accepted - self.usual) / f64::from(self.runs + 1);
        Self { in_vain, usual, runs: (self.runs + 1).min(RUNS_MAX), is_over: in_vain >= self.most_in_vain(), ..self }
    }
}
