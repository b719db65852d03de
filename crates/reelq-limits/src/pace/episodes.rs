//! What lies between refusals, and what that tells: a limit lets through what it lets through, however fast one asks; and
//! slowing down ends its refusals. Refusals by chance come as often as before, and slowing down only loses time.

use std::time::Duration;

use reelq_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Present, sample::Sample};

/// A run of so many seconds tells what gets through: no fewer, no more, and no more where the vendor was closed.
const RUN_S: (f64, f64, f64) = (1.0, 16.0, 120.0);
/// A vendor that lets nothing through for longer has changed its limit.
const CLOSED: Duration = Duration::from_secs(20);
/// So many runs are remembered.
const RUNS: usize = 3;
/// A configured number is doubted where less than this share of it got through.
const DOUBTED: f64 = 0.85;
/// Refusals of longer ago tell nothing of the present.
const FORGOTTEN: Duration = Duration::from_mins(10);
/// Slowing down has helped where a run is so many times as long.
const HELPS: f64 = 3.0;
/// So many times in a row slowing down must have been in vain before refusals pass for chance.
const IN_VAIN: u32 = 2;
/// How long refusals pass for chance then.
const CHANCE: Duration = Duration::from_mins(10);
/// They pass for it no longer where they come so many times as often as they did.
const OFTENER: f64 = 4.0;

/// What was sent from one episode of refusals to the next.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) requests: f64,
    pub(super) seconds: f64,
    /// For a part of it nothing was let through at all.
    closed: bool,
}

impl Run {
    /// Requests a second.
    pub(super) fn average(self) -> f64 {
        self.requests / self.seconds.max(1e-3)
    }

    /// Requests a second, where it tells the present ones.
    pub(super) fn rate(self) -> Option<f64> {
        let most = if self.closed { RUN_S.2 } else { RUN_S.1 };
        (RUN_S.0..=most).contains(&self.seconds).then(|| self.average())
    }
}

/// The episodes of late.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Episodes {
    /// When the latest began.
    began: Option<Sample>,
    /// The latest refusal that counted as an episode, or as one that had not ended.
    latest: Option<Sample>,
    /// Since when the vendor lets nothing through at all.
    closed: Option<Timestamp>,
    /// What lay before it, the earliest first.
    runs: Vec<Run>,
    /// How often in a row slowing down did not help.
    in_vain: u32,
    /// What was before anything was slowed down that may have been in vain.
    before: Option<Before>,
    returns_to: Option<f64>,
    /// What passes for chance.
    chance: Option<Chance>,
}

/// The rate, and the requests of a run, before it was slowed down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Before {
    rate: f64,
    usual: f64,
}

/// Refusals that pass for chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Chance {
    until: Timestamp,
    /// Requests from one to the next, at first and of late.
    usual: f64,
    lately: f64,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    /// It belongs to an episode that is known.
    Known,
    /// The vendor let nothing through since the episode before: that one has not ended.
    StillClosed,
    /// An episode of its own, after this run.
    New(Option<Run>),
}

impl Episodes {
    /// What a refusal means that was begun then; the account sends `rate` requests a second.
    pub(super) fn meaning(&self, begun: Timestamp, rate: f64, present: &Present<'_>) -> Meaning {
        let Some(latest) = self.latest else { return Meaning::New(None) };
        if begun <= latest.at {
            return Meaning::Known;
        }
        // Those that were sent while this one was under way are not known to have passed.
        let under_way = rate * present.now.since(begun).as_secs_f64();
        let is_long = self.closed.is_some_and(|since| present.now.since(since) >= CLOSED);
        if !is_long && latest.requests(present) - under_way < 1.5 {
            return Meaning::StillClosed;
        }
        let began = self.began.filter(|began| began.age(present.now) < FORGOTTEN);
        Meaning::New(began.map(|began| Run {
            requests: (began.requests(present) - 1.0).max(1.0),
            seconds: began.age(present.now).as_secs_f64(),
            closed: self.closed.is_some(),
        }))
    }

    /// Keeps a refusal.
    pub(super) fn note(&mut self, meaning: Meaning, present: &Present<'_>) {
        if meaning == Meaning::Known {
            return;
        }
        let sample = Some(Sample::of(present));
        self.latest = sample;
        let Meaning::New(run) = meaning else {
            self.closed = self.closed.or(Some(present.now));
            return;
        };
        (self.began, self.closed) = (sample, None);
        match run {
            None => self.runs.clear(),
            Some(run) => {
                if self.runs.len() >= RUNS {
                    self.runs.remove(0);
                }
                self.runs.push(run);
            }
        }
    }

    /// Whether the vendor lets nothing through at present.
    pub(super) const fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Whether so little gets through, run by run, that the number cannot be right.
    pub(super) fn is_grave(&self, configured: f64) -> bool {
        self.runs.len() >= RUNS && self.got_through().is_some_and(|got| got < DOUBTED * configured)
    }

    fn got_through(&self) -> Option<f64> {
        let sum = |of: fn(&Run) -> f64| self.runs.iter().map(of).sum::<f64>();
        let seconds = sum(|run| run.seconds);
        (seconds > 0.0).then(|| sum(|run| run.requests) / seconds)
    }

    /// The requests of a run.
    fn usual(&self) -> Option<f64> {
        let number = u32::try_from(self.runs.len()).ok().filter(|number| *number > 0)?;
        Some(self.runs.iter().map(|run| run.requests).sum::<f64>() / f64::from(number))
    }

    /// Whether a refusal after this run passes for chance; it is kept in mind what chance is.
    pub(super) fn is_chance(&mut self, run: Option<Run>, now: Timestamp) -> bool {
        let Some(chance) = self.chance.filter(|chance| now < chance.until) else {
            self.chance = None;
            return false;
        };
        let lately = chance.lately + run.map_or(0.0, |run| (run.requests - chance.lately) / 8.0);
        self.chance = (OFTENER * lately > chance.usual).then_some(Chance { lately, ..chance });
        self.chance.is_some()
    }

    /// Whether fewer refusals came since the rate was slowed down, as they do where a limit is the reason.
    fn has_helped(&self, run: Option<Run>) -> bool {
        run.is_none_or(|run| self.before.is_some_and(|before| run.requests > HELPS * before.usual))
    }

    /// The rate is slowed down from `rate`, after `run`.
    pub(super) fn slowed(&mut self, rate: f64, run: Option<Run>) {
        if self.before.is_none() || self.has_helped(run) {
            let usual = self.usual().unwrap_or(1.0);
            (self.before, self.in_vain) = (Some(Before { rate, usual }), 0);
        }
    }

    /// A rate that had got through was refused, after `run`: once slowing down proves to be in vain, refusals pass for
    /// chance, and the rate from before comes back.
    pub(super) fn is_in_vain(&mut self, run: Option<Run>, now: Timestamp) -> bool {
        let Some(before) = self.before.filter(|_| !self.has_helped(run)) else { return false };
        self.in_vain += 1;
        if self.in_vain < IN_VAIN {
            return false;
        }
        (self.in_vain, self.before, self.returns_to) = (0, None, Some(before.rate));
        self.chance = Some(Chance { until: now.after(CHANCE), usual: before.usual, lately: before.usual });
        true
    }

    /// The rate to return to, once.
    pub(super) fn take_return(&mut self) -> Option<f64> {
        self.returns_to.take()
    }
}
