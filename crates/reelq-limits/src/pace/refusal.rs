//! What a refusal does to a pace. One episode of refusals shrinks once, however many workers hear of it.

use reelq_model::Limit;
use serde::{Deserialize, Serialize};

use super::{
    Pace, Present, RateTrack, Refused,
    account::RATE_USED,
    chance::Chance,
    doubt::Doubt,
    episodes::{Meaning, Run},
    sample::{Sample, count},
    trial::{SOME, Trial},
};
use crate::AccountLimits;

/// A measurement shorter than this tells nothing, in seconds; nor one in which less than this share was asked for.
const WINDOW_MIN_S: f64 = 1.5;
const WINDOW_USED: f64 = 0.5;

/// Both limits' use at a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct InUse {
    rate: f64,
    in_flight: f64,
}

impl InUse {
    /// Whether as many were in flight as at an earlier refusal, at a lower rate: then the rate was not the reason.
    fn is_no_matter_of_rate(self, earlier: Self) -> bool {
        let as_many = (self.in_flight - earlier.in_flight).abs() <= (0.05 * earlier.in_flight).max(1.0);
        as_many && earlier.in_flight >= SOME && self.rate < 0.9 * earlier.rate
    }
}

impl Pace {
    /// A request was refused. Only an episode of its own slows anything down; each refusal is counted.
    #[must_use]
    pub fn on_throttled(&self, refused: &Refused, present: &Present<'_>) -> Self {
        let mut next = self.clone();
        next.refused += 1;
        next.pauses = self.pauses.and(present.now, refused.wait);
        if self.shrunk_at.is_some_and(|shrunk| refused.begun <= shrunk) {
            return next;
        }
        if refused.limit.is_none() {
            next.unnamed = Some(self.in_use(present));
        }
        let (limit, sample) = (refused.limit.unwrap_or_else(|| self.suspect(present)), next.sample(present));
        let meaning = if self.pauses.holds(refused.begun) {
            Meaning::Known
        } else {
            next.episodes.note(refused, self.requests_per_second(present.limits), sample)
        };
        let is_chance = |next: &mut Self, run| {
            (limit == Limit::Rate || refused.limit.is_none()) && next.episodes.is_chance(run, present.now)
        };
        match meaning {
            Meaning::Closed => {}
            Meaning::Known if !self.is_believed(limit, present.limits) => {}
            Meaning::Known => {
                if !is_chance(&mut next, None) && next.is_grave(refused, limit, present, sample) {
                    next.shrink(refused, limit, None, present, sample);
                }
            }
            Meaning::New(run) => {
                if !is_chance(&mut next, run) {
                    next.on_episode(refused, limit, run, present, sample);
                }
            }
        }
        next
    }

    fn on_episode(&mut self, refused: &Refused, limit: Limit, run: Option<Run>, present: &Present<'_>, sample: Sample) {
        if self.is_believed(limit, present.limits) && !self.is_grave(refused, limit, present, sample) {
            return;
        }
        if limit == Limit::Rate
            && let (Some(trial), Some(track), Some(run)) = (self.episodes.trial, self.rate, run)
        {
            let is_safe = track.is_safe() || trial.is_open();
            if refused.limit.is_none() && trial.is_as_full(count(present.usage.in_flight)) {
                if trial.is_open() {
                    return;
                }
            } else if (is_safe || !present.limits.open_rate) && self.is_in_vain(trial, run, is_safe, present) {
                return;
            } else if trial.is_open() {
                self.rate = Some(track.a_little_slower());
                self.shrunk_at = Some(present.now);
                return;
            }
        }
        self.shrink(refused, limit, run, present, sample);
    }

    /// A rate was refused, after `run`; `is_safe` where it had got through before. Once slowing down proves to be in vain,
    /// refusals pass for chance, and the rate from before comes back.
    fn is_in_vain(&mut self, trial: Trial, run: Run, is_safe: bool, present: &Present<'_>) -> bool {
        let trial = trial.after(run.accepted, is_safe);
        self.episodes.trial = Some(trial);
        if trial.is_over {
            self.episodes.chance = Some(Chance::found(self.episodes.chance, trial.usual, present.now));
            self.episodes.forget_runs();
        }
        trial.is_over
    }

    fn shrink(&mut self, refused: &Refused, limit: Limit, run: Option<Run>, present: &Present<'_>, sample: Sample) {
        match limit {
            Limit::Rate => {
                let track = self.rate_track(present.limits);
                let found = self.episodes.got_through().filter(|_| self.is_far_too_high(present));
                if let Some(got) = found {
                    self.rate = Some(RateTrack::found(got, refused.wait));
                } else {
                    let got_through = self.lately(sample, present).or_else(|| run.and_then(Run::got_through));
                    // Where less was asked for than was allowed, a refusal tells nothing of a number from somewhere else.
                    if present.limits.open_rate || self.episodes.trial.is_none() || got_through.is_some() {
                        self.rate = Some(track.shrunk(got_through, refused.wait));
                    }
                }
                if found.is_some() || present.limits.open_rate {
                    self.try_out(track.value, run, present);
                    self.episodes.forget_runs();
                }
            }
            Limit::InFlight => {
                let track = self.flight_track(present.limits).shrunk(count(present.usage.in_flight));
                self.in_flight = Some(track);
            }
        }
        let sample = Some(sample);
        (self.ticked, self.window, self.window_before) = (sample, sample, None);
        self.shrunk_at = Some(present.now);
    }

    /// Whether far less gets through, run by run, than a number that someone wrote down, and that was not tried out yet.
    fn is_far_too_high(&self, present: &Present<'_>) -> bool {
        let rate = self.requests_per_second(present.limits);
        !present.limits.open_rate && self.episodes.trial.is_none() && self.episodes.is_grave(rate)
    }

    /// The rate is slowed down from `rate`, after `run`.
    fn try_out(&mut self, rate: f64, run: Option<Run>, present: &Present<'_>) {
        let (is_open, in_flight) = (present.limits.open_rate, count(present.usage.in_flight));
        let episodes = &mut self.episodes;
        let is_new = match (episodes.trial, run) {
            (Some(trial), Some(run)) => is_open && trial.has_helped(run.accepted),
            (trial, _) => trial.is_none(),
        };
        if is_new {
            let usual = episodes.usual().or_else(|| run.map(|run| run.accepted));
            episodes.trial = usual.map(|usual| Trial::new(rate, usual, in_flight, is_open));
        }
    }

    /// Whether a configured number cannot be right; doubts are kept until then.
    fn is_grave(&mut self, refused: &Refused, limit: Limit, present: &Present<'_>, sample: Sample) -> bool {
        let doubt = Doubt::and_one(self.doubt, sample);
        let is_about = limit == Limit::Rate || refused.limit.is_some();
        let grave =
            doubt.is_grave(sample) || (is_about && self.episodes.is_grave(self.requests_per_second(present.limits)));
        self.doubt = (!grave).then_some(doubt);
        grave
    }

    /// Whether the limit is one that the configuration names, and that nothing speaks against.
    const fn is_believed(&self, limit: Limit, limits: &AccountLimits) -> bool {
        match limit {
            Limit::Rate => !limits.open_rate && self.episodes.trial.is_none(),
            Limit::InFlight => !limits.open_in_flight && self.in_flight.is_none(),
        }
    }

    /// The limit that a refusal without a word about it most likely means: the one that is in use, and of two the one
    /// that has gone further beyond what was last refused.
    fn suspect(&self, present: &Present<'_>) -> Limit {
        if self.unnamed.is_some_and(|earlier| self.in_use(present).is_no_matter_of_rate(earlier)) {
            return Limit::InFlight;
        }
        let limits = present.limits;
        let (rate, now) = (self.requests_per_second(limits), self.sample(present));
        let rate_is_used = self.ticked.or(self.window).is_none_or(|since| now.since(since).rate() >= RATE_USED * rate);
        match (rate_is_used, self.flight_is_used(present)) {
            (true, false) => Limit::Rate,
            (false, true) => Limit::InFlight,
            _ => {
                let beyond = |value: f64, refused_at: Option<f64>| refused_at.map_or(1.0, |at| value / at);
                let rate = beyond(rate, self.rate.and_then(|track| track.refused_at));
                let places = f64::from(self.max_in_flight(limits).get());
                let flight = beyond(places, self.in_flight.and_then(|track| track.refused_at));
                if flight > rate { Limit::InFlight } else { Limit::Rate }
            }
        }
    }

    fn in_use(&self, present: &Present<'_>) -> InUse {
        InUse { rate: self.requests_per_second(present.limits), in_flight: count(present.usage.in_flight) }
    }

    /// What was lately sent a second, where it was as much as the rate allows.
    fn lately(&self, now: Sample, present: &Present<'_>) -> Option<f64> {
        let between = now.since(self.window_before.or(self.window)?);
        let tells = between.active + between.stood >= WINDOW_MIN_S
            && between.used(self.requests_per_second(present.limits)) >= WINDOW_USED;
        tells.then(|| between.rate())
    }
}
