//! An account's learned pace, and its three steps. One episode of refusals shrinks once, however many workers hear of it.

use std::time::Duration;

use reelq_model::{Limit, Timestamp};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};

use super::{FlightTrack, RateTrack};
use crate::AccountLimits;

/// The shortest time between two steps of growth.
const TICK: Duration = Duration::from_secs(1);
/// Slow rates are judged over this many requests, and over no longer than `TICK_MAX`.
const TICK_REQUESTS: f64 = 4.0;
const TICK_MAX: Duration = Duration::from_mins(1);
/// A step grows as much as so many seconds of calm at most.
const STEP_MAX_S: f64 = 2.0;
/// What got through is measured since the last refusal, over no less than this and about twice as long at most.
const WINDOW: Duration = Duration::from_secs(8);
/// A measurement shorter than this tells nothing.
const WINDOW_MIN: Duration = Duration::from_millis(1500);
/// How long a server error holds growth.
const TROUBLED: Duration = Duration::from_secs(5);
/// A limit is in use from this share of it on.
const RATE_USED: f64 = 0.8;
const FLIGHT_USED: f64 = 0.95;

/// A configured number is believed until so many requests were refused within `DOUBTED`, and they are this share of all.
const DISBELIEF: u32 = 8;
const DISBELIEF_SHARE: f64 = 0.25;
const DOUBTED: Duration = Duration::from_secs(10);

/// What is in use at a moment, as the store counts it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Rate tokens for paid requests that were ever handed out.
    pub tokens: u64,
    /// Jobs submitting or running, and claimed to be.
    pub in_flight: u64,
}

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

/// What a step is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Present<'a> {
    /// What the configuration says.
    pub limits: &'a AccountLimits,
    /// What is in use.
    pub usage: Usage,
    /// The store's time.
    pub now: Timestamp,
}

/// A request that was answered with 429.
#[derive(Debug, Clone, Copy)]
pub struct Refused {
    /// Which limit it broke, where the provider says so.
    pub limit: Option<Limit>,
    /// When it was begun, by the store's time.
    pub begun: Timestamp,
}

/// What was learned of an account's limits; nothing at first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pace {
    /// Paid requests a second; `None` while the configured number stands.
    pub rate: Option<RateTrack>,
    /// Jobs in flight; `None` while the configured number stands.
    pub in_flight: Option<FlightTrack>,
    shrunk_at: Option<Timestamp>,
    /// What was in use when a refusal last named no limit.
    unnamed: Option<InUse>,
    /// Refusals that a configured number was not doubted for yet.
    doubt: Option<Doubt>,
    troubled_at: Option<Timestamp>,
    ticked: Option<Sample>,
    window: Option<Sample>,
    window_before: Option<Sample>,
}

/// Both limits' use at a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct InUse {
    rate: f64,
    in_flight: f64,
}

impl InUse {
    /// Whether as many were in flight as at an earlier refusal, at a lower rate: then the rate was not the reason.
    fn is_no_matter_of_rate(self, earlier: Self) -> bool {
        let as_many = (self.in_flight - earlier.in_flight).abs() <= (0.05 * earlier.in_flight).max(1.0);
        as_many && self.rate < 0.9 * earlier.rate
    }
}

/// Refusals since a moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Doubt {
    since: Sample,
    refused: u32,
}

impl Doubt {
    /// One refusal more; those of long ago are forgotten.
    fn and_one(earlier: Option<Self>, present: &Present<'_>) -> Self {
        match earlier.filter(|doubt| doubt.since.age(present.now) < DOUBTED) {
            Some(doubt) => Self { refused: doubt.refused + 1, ..doubt },
            None => Self { since: Sample::of(present), refused: 1 },
        }
    }

    /// Whether the refusals are too many for chance: providers refuse now and then for reasons of their own.
    fn is_grave(self, present: &Present<'_>) -> bool {
        let sent = count(present.usage.tokens.saturating_sub(self.since.tokens)) + 1.0;
        self.refused >= DISBELIEF && f64::from(self.refused) >= DISBELIEF_SHARE * sent
    }
}

/// The tokens that were handed out until a moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Sample {
    at: Timestamp,
    tokens: u64,
}

impl Sample {
    fn of(present: &Present<'_>) -> Self {
        Self { at: present.now, tokens: present.usage.tokens }
    }

    fn age(self, now: Timestamp) -> Duration {
        now.since(self.at)
    }

    /// Tokens a second since then.
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    fn rate(self, present: &Present<'_>) -> f64 {
        let seconds = self.age(present.now).as_secs_f64().max(1e-3);
        present.usage.tokens.saturating_sub(self.tokens) as f64 / seconds
    }
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

    /// A request was refused. `None` where it belongs to an episode that has shrunk the pace already.
    #[must_use]
    pub fn on_throttled(&self, refused: &Refused, present: &Present<'_>) -> Option<Self> {
        if self.shrunk_at.is_some_and(|shrunk| refused.begun <= shrunk) {
            return None;
        }
        let mut next = self.clone();
        if refused.limit.is_none() {
            next.unnamed = Some(self.in_use(present));
        }
        let limit = refused.limit.unwrap_or_else(|| self.suspect(present));
        if Self::is_believed(limit, present.limits) {
            let doubt = Doubt::and_one(self.doubt, present);
            next.doubt = (!doubt.is_grave(present)).then_some(doubt);
            if next.doubt.is_some() {
                return Some(next);
            }
        }
        match limit {
            Limit::Rate => {
                let track = self.rate_track(present.limits).shrunk(self.got_through(present));
                next.rate = Some(track);
            }
            Limit::InFlight => {
                let track = self.flight_track(present.limits).shrunk(count(present.usage.in_flight));
                next.in_flight = Some(track);
            }
        }
        let sample = Some(Sample::of(present));
        (next.ticked, next.window, next.window_before) = (sample, sample, None);
        next.shrunk_at = Some(present.now);
        Some(next)
    }

    /// Whether the limit is one that the configuration names.
    const fn is_believed(limit: Limit, limits: &AccountLimits) -> bool {
        match limit {
            Limit::Rate => !limits.open_rate,
            Limit::InFlight => !limits.open_in_flight,
        }
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
        let sample = Sample::of(present);
        let Some(ticked) = self.ticked else {
            return Some(Self { ticked: Some(sample), window: Some(sample), ..self.clone() });
        };
        let elapsed = ticked.age(present.now);
        if elapsed < self.tick(present.limits) {
            return None;
        }
        let mut next = self.clone();
        next.ticked = Some(sample);
        if self.window.is_none_or(|window| window.age(present.now) >= WINDOW) {
            (next.window_before, next.window) = (self.window, Some(sample));
        }
        let troubled = self.troubled_at.is_some_and(|at| present.now.since(at) < TROUBLED);
        if !troubled {
            next.grow(ticked, elapsed.as_secs_f64().min(STEP_MAX_S), present);
        }
        Some(next)
    }

    /// Whether there is anything to learn: a limit that is open, or one that was refused.
    pub fn is_learning(&self, limits: &AccountLimits) -> bool {
        limits.open_rate || limits.open_in_flight || self.rate.is_some() || self.in_flight.is_some()
    }

    fn grow(&mut self, since: Sample, seconds: f64, present: &Present<'_>) {
        let limits = present.limits;
        if (limits.open_rate || self.rate.is_some())
            && since.rate(present) >= RATE_USED * self.requests_per_second(limits)
        {
            let track = self.rate_track(limits).grown(seconds);
            // At the configured number nothing is left to be learned.
            self.rate = (limits.open_rate || track.value < limits.requests_per_second).then_some(track);
        }
        if (limits.open_in_flight || self.in_flight.is_some()) && self.flight_is_used(present) {
            let track = self.flight_track(limits).grown(seconds);
            self.in_flight = (limits.open_in_flight || track.places() < limits.max_in_flight).then_some(track);
        }
    }

    fn rate_track(&self, limits: &AccountLimits) -> RateTrack {
        let track = self.rate.unwrap_or_else(|| RateTrack::new(limits.requests_per_second));
        RateTrack { value: self.requests_per_second(limits), ..track }
    }

    fn flight_track(&self, limits: &AccountLimits) -> FlightTrack {
        let places = f64::from(limits.max_in_flight.get());
        let track = self.in_flight.unwrap_or_else(|| FlightTrack::new(places));
        let value = if limits.open_in_flight { track.value } else { track.value.min(places) };
        FlightTrack { value, ..track }
    }

    fn flight_is_used(&self, present: &Present<'_>) -> bool {
        let places = f64::from(self.max_in_flight(present.limits).get());
        count(present.usage.in_flight) >= (FLIGHT_USED * places - 1.0).max(1.0)
    }

    /// The limit that a refusal without a word about it most likely means: the one that is in use, and of two the one
    /// that has gone further beyond what was last refused.
    fn suspect(&self, present: &Present<'_>) -> Limit {
        if self.unnamed.is_some_and(|earlier| self.in_use(present).is_no_matter_of_rate(earlier)) {
            return Limit::InFlight;
        }
        let limits = present.limits;
        let rate = self.requests_per_second(limits);
        let rate_is_used = self.ticked.or(self.window).is_none_or(|since| since.rate(present) >= RATE_USED * rate);
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

    fn got_through(&self, present: &Present<'_>) -> Option<f64> {
        let since = self.window_before.or(self.window)?;
        (since.age(present.now) >= WINDOW_MIN).then(|| since.rate(present))
    }

    fn tick(&self, limits: &AccountLimits) -> Duration {
        let requests = Duration::try_from_secs_f64(TICK_REQUESTS / self.requests_per_second(limits));
        requests.unwrap_or(TICK_MAX).clamp(TICK, TICK_MAX)
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
const fn count(number: u64) -> f64 {
    number as f64
}
