//! What lies between refusals, and what that tells: a limit lets through what it lets through, however fast one asks; and
//! slowing down ends its refusals. Refusals by chance come as often as before, and slowing down only loses time.

use std::time::Duration;

use reelq_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Refused, chance::Chance, sample::Sample, trial::Trial};

/// Refusals of longer ago tell nothing of the present.
const FORGOTTEN: Duration = Duration::from_mins(10);
/// A configured number is doubted after so many runs, where less than this share of it got through.
const RUNS: usize = 3;
const DOUBTED: f64 = 0.85;
/// So many refusals in a row after a pause are no chance: then one run is enough.
const CLOSED: u32 = 5;
/// More runs are kept only until they are so many seconds; never more than so many.
const RUNS_S: f64 = 2.0;
const RUNS_MAX: usize = 12;

/// What was sent from one episode of refusals to the next; times in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) accepted: f64,
    sent: f64,
    active: f64,
    stood: f64,
    /// The rate that was kept to.
    rate: f64,
    /// The vendor was closed for a part of it.
    closed: bool,
}

impl Run {
    /// What is longer tells nothing of the present.
    const LONGEST_S: f64 = 120.0;
    /// Where less than this share of the rate was sent outside of pauses, no more was asked for.
    const ASKED_FOR: f64 = 0.6;
    /// Time in which less than this share of it was sent is no time in which the vendor took little.
    const BUSY: f64 = 0.8;

    /// Whether as much was asked for as the rate allows: only then does what got through tell the vendor's limit.
    fn tells(self) -> bool {
        self.sent + 1.0 >= Self::ASKED_FOR * self.rate * self.active && self.active + self.stood <= Self::LONGEST_S
    }

    fn seconds(self) -> f64 {
        self.active.min(self.sent / (Self::BUSY * self.rate).max(1e-3)) + self.stood
    }

    /// What got through a second, pauses included, where that tells the vendor's present limit.
    pub(super) fn got_through(self) -> Option<f64> {
        self.tells().then(|| self.accepted / self.seconds().max(1e-3))
    }
}

/// Where an episode began.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Began {
    at: Sample,
    /// Requests that were under way then: what became of them belongs to what follows.
    under_way: f64,
    /// How often nothing had got through since when a pause was over.
    closed: u32,
}

/// The episodes of late.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Episodes {
    began: Option<Began>,
    /// What lay before, the earliest first.
    runs: Vec<Run>,
    pub(super) trial: Option<Trial>,
    pub(super) chance: Option<Chance>,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    /// It belongs to an episode that is known.
    Known,
    /// Nothing got through since the last pause.
    Closed,
    /// An episode of its own, after this run; `None` where none is known.
    New(Option<Run>),
}

impl Episodes {
    /// Keeps a refusal that came after the last pause, at a moment; the account sends `rate` requests a second.
    pub(super) fn note(&mut self, refused: &Refused, rate: f64, now: Sample) -> Meaning {
        let earlier = self.began.filter(|began| began.at.age(now.at) < FORGOTTEN);
        let sent = earlier.map_or(f64::INFINITY, |began| now.since(began.at).sent);
        let under_way = (rate * now.at.since(refused.begun).as_secs_f64()).ceil().min(sent);
        let run = earlier.map(|began| Self::run(began, under_way, rate, now));
        if let (Some(began), Some(true)) = (&mut self.began, run.map(|run| run.accepted < 0.5)) {
            began.closed += 1;
            return Meaning::Closed;
        }
        self.began = Some(Began { at: now, under_way, closed: 0 });
        match run {
            None => self.runs.clear(),
            Some(run) => self.keep(run),
        }
        Meaning::New(run)
    }

    fn run(began: Began, under_way: f64, rate: f64, now: Sample) -> Run {
        let between = now.since(began.at);
        // The refusal itself is none that was accepted.
        let accepted = between.sent + began.under_way - under_way - between.refused;
        Run {
            accepted: accepted.max(0.0),
            sent: between.sent,
            active: between.active,
            stood: between.stood,
            rate,
            closed: began.closed >= CLOSED,
        }
    }

    fn keep(&mut self, run: Run) {
        self.runs.push(run);
        let is_enough = |runs: &[Run]| telling(runs) >= RUNS && sum(runs, Run::seconds) >= RUNS_S;
        while self.runs.get(1..).is_some_and(is_enough) || self.runs.len() > RUNS_MAX {
            self.runs.remove(0);
        }
    }

    /// The runs before the present rate tell nothing of it.
    pub(super) fn forget_runs(&mut self) {
        self.runs.clear();
    }

    /// Whether so little gets through, run by run, that the number cannot be right.
    pub(super) fn is_grave(&self, configured: f64) -> bool {
        let enough = telling(&self.runs) >= RUNS || self.runs.iter().any(|run| run.closed && run.tells());
        enough && self.got_through().is_some_and(|got| got < DOUBTED * configured)
    }

    /// The requests that were accepted since the latest, and the seconds in which some could be sent.
    pub(super) fn calm(&self, now: Sample) -> Option<(f64, f64)> {
        let began = self.began?;
        let between = now.since(began.at);
        Some((between.sent + began.under_way - between.refused, between.active))
    }

    /// What gets through a second.
    pub(super) fn got_through(&self) -> Option<f64> {
        let seconds = sum(&self.runs, Run::seconds);
        (seconds > 0.0).then(|| sum(&self.runs, |run| run.accepted) / seconds)
    }

    /// The requests that are accepted from one episode to the next.
    pub(super) fn usual(&self) -> Option<f64> {
        let number = u32::try_from(self.runs.len()).ok().filter(|number| *number > 0)?;
        Some(sum(&self.runs, |run| run.accepted) / f64::from(number))
    }

    /// Whether a refusal after this run passes for chance; it is kept in mind what chance is.
    pub(super) fn is_chance(&mut self, run: Option<Run>, now: Timestamp) -> bool {
        let Some(chance) = self.chance.filter(|chance| chance.stands(now)) else { return false };
        self.chance = chance.after(run.map(|run| run.accepted));
        self.chance.is_some()
    }
}

/// How many of them tell what gets through. The others tell how often requests are refused.
fn telling(runs: &[Run]) -> usize {
    runs.iter().filter(|run| run.tells()).count()
}

fn sum(runs: &[Run], of: impl Fn(Run) -> f64) -> f64 {
    runs.iter().map(|run| of(*run)).sum()
}
