//! An account's learned pace, and how it grows.

use std::time::Duration;

use reelq_model::Timestamp;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};

use super::{
    FlightTrack, Present, RateTrack, Usage,
    doubt::Doubt,
    episodes::Episodes,
    pauses::Pauses,
    refusal::InUse,
    sample::{Between, Sample, count},
    trial::Trial,
};
use crate::AccountLimits;

/// The shortest time between two steps of growth.
const TICK: Duration = Duration::from_secs(1);
/// Slow rates are judged over this many requests, and over no longer than `TICK_MAX`.
const TICK_REQUESTS: f64 = 4.0;
const TICK_MAX: Duration = Duration::from_mins(1);
/// A step grows as much as so many seconds of calm at most.
const STEP_MAX_S: f64 = 2.0;
/// What got through is measured since the last refusal, over about twice this at most.
const WINDOW: Duration = Duration::from_secs(8);
/// How long a server error holds growth.
const TROUBLED: Duration = Duration::from_secs(5);
/// A limit is in use from this share of it on.
pub(super) const RATE_USED: f64 = 0.8;
const FLIGHT_USED: f64 = 0.95;

/// The pace that a store keeps for an account, and what it is judged by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PaceView {
    /// What was learned.
    pub pace: Pace,
    /// Moves with each change of it.
    pub version: u64,
    /// What is in use.
    pub usage: Usage,
    /// The store's time of all that.
    pub now: Timestamp,
}

/// What was learned of an account's limits; nothing at first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pace {
    /// Paid requests a second; `None` while the configured number stands.
    pub rate: Option<RateTrack>,
    /// Jobs in flight; `None` while the configured number stands.
    pub in_flight: Option<FlightTrack>,
    pub(super) shrunk_at: Option<Timestamp>,
    /// What was in use when a refusal last named no limit.
    pub(super) unnamed: Option<InUse>,
    /// Refusals that a configured number was not doubted for yet.
    pub(super) doubt: Option<Doubt>,
    pub(super) episodes: Episodes,
    /// Requests that were ever refused.
    pub(super) refused: u64,
    pub(super) pauses: Pauses,
    troubled_at: Option<Timestamp>,
    pub(super) ticked: Option<Sample>,
    pub(super) window: Option<Sample>,
    pub(super) window_before: Option<Sample>,
}

impl Pace {
    /// The rate to keep now.
    pub fn requests_per_second(&self, limits: &AccountLimits) -> f64 {
        let learned = self.rate.map(|track| track.value);
        match learned {
            Some(learned) if limits.open_rate => learned,
            Some(learned) => learned.min(limits.requests_per_second),
            None => limits.requests_per_second,
        }
    }

    /// The places in flight that there are now.
    pub fn max_in_flight(&self, limits: &AccountLimits) -> std::num::NonZeroU32 {
        let learned = self.in_flight.map(FlightTrack::places);
        match learned {
            Some(learned) if limits.open_in_flight => learned,
            Some(learned) => learned.min(limits.max_in_flight),
            None => limits.max_in_flight,
        }
    }

    /// Writes the two learned numbers, for people and scripts.
    pub fn show<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("requests_per_second", &self.rate.map(|track| track.value))?;
        map.serialize_entry("max_in_flight", &self.in_flight.map(FlightTrack::places))?;
        map.end()
    }

    /// The provider had a server error. `None` where nothing is new.
    #[must_use]
    pub fn on_trouble(&self, now: Timestamp) -> Option<Self> {
        let known = self.troubled_at.is_some_and(|at| now.since(at) < TICK);
        (!known).then(|| Self { troubled_at: Some(now), ..self.clone() })
    }

    /// Nothing was refused lately. `None` where it is too soon to say.
    #[must_use]
    pub fn on_quiet(&self, present: &Present<'_>) -> Option<Self> {
        if !self.is_learning(present.limits) {
            return None;
        }
        let sample = self.sample(present);
        let mut next = self.clone();
        if let Some(trial) = self.episodes.trial.filter(|trial| trial.is_over) {
            next.episodes.trial = None;
            next.rate = present.limits.open_rate.then(|| RateTrack::back_at(trial.from));
            return Some(next);
        }
        let Some(ticked) = self.ticked else {
            return Some(Self { ticked: Some(sample), window: Some(sample), ..self.clone() });
        };
        let elapsed = ticked.age(present.now);
        if elapsed < self.tick(present.limits) {
            return None;
        }
        next.ticked = Some(sample);
        if self.window.is_none_or(|window| window.age(present.now) >= WINDOW) {
            (next.window_before, next.window) = (self.window, Some(sample));
        }
        if let (Some(trial), Some((accepted, seconds))) = (self.episodes.trial, self.episodes.calm(sample)) {
            let known = trial.in_calm(accepted, seconds);
            next.episodes.trial = Some(known);
            if trial.is_open() && !known.is_open() {
                next.rate = self.rate.map(RateTrack::doubted);
            }
        }
        let troubled = self.troubled_at.is_some_and(|at| present.now.since(at) < TROUBLED);
        if !troubled {
            next.grow(sample.since(ticked), present);
        }
        Some(next)
    }

    /// Whether there is anything to learn: a limit that is open, or one that was refused.
    pub fn is_learning(&self, limits: &AccountLimits) -> bool {
        limits.open_rate || limits.open_in_flight || self.rate.is_some() || self.in_flight.is_some()
    }

    fn grow(&mut self, since: Between, present: &Present<'_>) {
        let limits = present.limits;
        let (rate, seconds) = (self.requests_per_second(limits), (since.active + since.stood).min(STEP_MAX_S));
        // Up to a number that someone wrote down, pauses are no sign that less is wanted.
        let (used, calm) =
            if limits.open_rate { (since.rate() / rate, seconds) } else { (since.used(rate), since.active) };
        let is_on_trial = self.episodes.trial.is_some_and(Trial::is_open);
        if (limits.open_rate || self.rate.is_some()) && used >= RATE_USED && !is_on_trial {
            let (track, number) = (self.rate_track(limits), limits.requests_per_second);
            let calm = calm.min(seconds);
            self.rate = if limits.open_rate { Some(track.grown(calm)) } else { track.grown_below(number, calm) };
            if self.rate.is_none() {
                self.episodes.trial = None;
            }
        }
        if (limits.open_in_flight || self.in_flight.is_some()) && self.flight_is_used(present) {
            let track = self.flight_track(limits).grown(seconds);
            self.in_flight = (limits.open_in_flight || track.places() < limits.max_in_flight).then_some(track);
        }
    }

    pub(super) fn rate_track(&self, limits: &AccountLimits) -> RateTrack {
        let track = self.rate.unwrap_or_else(|| RateTrack::new(limits.requests_per_second));
        RateTrack { value: self.requests_per_second(limits), ..track }
    }

    pub(super) fn flight_track(&self, limits: &AccountLimits) -> FlightTrack {
        let places = f64::from(limits.max_in_flight.get());
        let track = self.in_flight.unwrap_or_else(|| FlightTrack::new(places));
        let value = if limits.open_in_flight { track.value } else { track.value.min(places) };
        FlightTrack { value, ..track }
    }

    pub(super) fn flight_is_used(&self, present: &Present<'_>) -> bool {
        let places = f64::from(self.max_in_flight(present.limits).get());
        count(present.usage.in_flight) >= (FLIGHT_USED * places - 1.0).max(1.0)
    }

    /// What was in use until now.
    pub(super) fn sample(&self, present: &Present<'_>) -> Sample {
        Sample {
            at: present.now,
            tokens: present.usage.tokens,
            refused: self.refused,
            stood_ms: self.pauses.passed_ms(present.now),
        }
    }

    fn tick(&self, limits: &AccountLimits) -> Duration {
        let requests = Duration::try_from_secs_f64(TICK_REQUESTS / self.requests_per_second(limits));
        requests.unwrap_or(TICK_MAX).clamp(TICK, TICK_MAX)
    }
}
