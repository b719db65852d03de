//! A vendor with a hidden limit and eight workers that share what they learn, in virtual time: what the arithmetic is for.
#![expect(clippy::cast_precision_loss, reason = "a simulation of some minutes")]

use proptest::prelude::*;
use reelq_model::{Limit, Timestamp};

use super::{Pace, Present, Refused, Usage};
use crate::AccountLimits;

const STEP_MS: i64 = 2;
const WORKERS: i64 = 8;

/// What the vendor hides.
#[derive(Debug, Clone, Copy)]
struct Vendor {
    rate: f64,
    burst: f64,
    cap: usize,
    run_ms: (i64, i64),
    retry_after_ms: i64,
    /// Whether its refusals say which limit was broken.
    tells: bool,
}

const VENDOR: Vendor =
    Vendor { rate: 1e9, burst: 1e9, cap: 1_000_000, run_ms: (300, 900), retry_after_ms: 1000, tells: true };

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Arrives { begun: i64 },
    Answered { begun: i64, refused: Option<Limit> },
    Ends,
    Noticed,
}

struct World {
    vendor: Vendor,
    limits: AccountLimits,
    pace: Pace,
    now: i64,
    /// What happens later, unordered; small.
    later: Vec<(i64, Step)>,
    tokens: u64,
    in_flight: u64,
    next_token: f64,
    paused_until: i64,
    vendor_tat: f64,
    vendor_running: usize,
    dice: u64,
    /// Accepted and refused in each second.
    accepted: Vec<u32>,
    refused: Vec<u32>,
}

impl World {
    fn new(vendor: Vendor, limits: AccountLimits, seed: u64) -> Self {
        Self {
            vendor,
            limits,
            pace: Pace::default(),
            now: 0,
            later: Vec::new(),
            tokens: 0,
            in_flight: 0,
            next_token: 0.0,
            paused_until: 0,
            vendor_tat: 0.0,
            vendor_running: 0,
            dice: seed.wrapping_mul(2).wrapping_add(1),
            accepted: Vec::new(),
            refused: Vec::new(),
        }
    }

    fn roll(&mut self, from: i64, to: i64) -> i64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        from + i64::try_from((self.dice >> 33) % u64::try_from(to - from + 1).unwrap()).unwrap()
    }

    fn usage(&self) -> Usage {
        Usage { tokens: self.tokens, in_flight: self.in_flight }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    fn run(&mut self, seconds: i64) {
        let until = self.now + seconds * 1000;
        while self.now < until {
            self.now += STEP_MS;
            let second = usize::try_from(self.now / 1000).unwrap();
            self.accepted.resize(second + 1, 0);
            self.refused.resize(second + 1, 0);
            let due: Vec<Step> = self.later.iter().filter(|(at, _)| *at <= self.now).map(|(_, step)| *step).collect();
            self.later.retain(|(at, _)| *at > self.now);
            for step in due {
                self.take(step);
            }
            self.claim();
            if self.now % (1000 / WORKERS) < STEP_MS {
                let present = Present { limits: &self.limits, usage: self.usage(), now: Self::at(self.now) };
                if let Some(next) = self.pace.on_quiet(&present) {
                    self.pace = next;
                }
            }
        }
    }

    /// Any of the workers takes the next token, a little late.
    fn claim(&mut self) {
        let places = u64::from(self.pace.max_in_flight(&self.limits).get());
        let now = self.now as f64;
        if self.now < self.paused_until || self.in_flight >= places || self.next_token > now {
            return;
        }
        let interval = 1000.0 / self.pace.requests_per_second(&self.limits);
        let slack = interval.min(250.0);
        let from = if now - self.next_token < slack { self.next_token } else { now };
        self.next_token = from + interval;
        self.tokens += 1;
        self.in_flight += 1;
        let arrives = self.now + self.roll(3, 25);
        self.later.push((arrives, Step::Arrives { begun: self.now }));
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Arrives { begun } => {
                let refused = self.refusal();
                let answered = self.now + self.roll(5, 40);
                self.later.push((answered, Step::Answered { begun, refused }));
                if refused.is_none() {
                    let run = self.roll(self.vendor.run_ms.0, self.vendor.run_ms.1);
                    self.later.push((self.now + run, Step::Ends));
                    let noticed = self.now + run + self.roll(5, 250);
                    self.later.push((noticed.max(answered), Step::Noticed));
                    *self.accepted.last_mut().unwrap() += 1;
                } else {
                    *self.refused.last_mut().unwrap() += 1;
                }
            }
            Step::Answered { begun, refused: Some(limit) } => {
                self.hear(begun, limit);
                self.in_flight -= 1;
            }
            Step::Answered { .. } => {}
            Step::Ends => self.vendor_running -= 1,
            Step::Noticed => self.in_flight -= 1,
        }
    }

    fn refusal(&mut self) -> Option<Limit> {
        if self.vendor_running >= self.vendor.cap {
            return Some(Limit::InFlight);
        }
        let (now, gap) = (self.now as f64, 1000.0 / self.vendor.rate);
        if self.vendor_tat > now + (self.vendor.burst - 1.0) * gap {
            return Some(Limit::Rate);
        }
        self.vendor_tat = self.vendor_tat.max(now) + gap;
        self.vendor_running += 1;
        None
    }

    fn hear(&mut self, begun: i64, limit: Limit) {
        // One refusal of four names no wait; the worker then takes one of its own.
        let named = self.roll(0, 3) > 0;
        let wait = if named { self.vendor.retry_after_ms } else { self.roll(1000, 2000) };
        self.paused_until = self.paused_until.max(self.now + wait);
        let refused = Refused { limit: Some(limit).filter(|_| self.vendor.tells), begun: Self::at(begun) };
        let present = Present { limits: &self.limits, usage: self.usage(), now: Self::at(self.now) };
        if let Some(next) = self.pace.on_throttled(&refused, &present) {
            self.pace = next;
        }
    }

    fn rate(&self, seconds: std::ops::Range<usize>) -> f64 {
        let length = seconds.len() as f64;
        f64::from(self.accepted[seconds].iter().sum::<u32>()) / length
    }

    /// The share of 429s among all requests.
    fn refusals(&self, seconds: std::ops::Range<usize>) -> f64 {
        let refused = f64::from(self.refused[seconds.clone()].iter().sum::<u32>());
        refused / (refused + f64::from(self.accepted[seconds].iter().sum::<u32>()))
    }
}

fn limits(open: bool) -> AccountLimits {
    AccountLimits {
        requests_per_second: if open { 2.0 } else { 20.0 },
        burst: 1.try_into().unwrap(),
        polls_per_second: 100.0,
        max_in_flight: if open { 10 } else { 1000 }.try_into().unwrap(),
        budget: None,
        daily_budget: None,
        open_rate: open,
        open_in_flight: open,
    }
}

fn vendor_of(rate: f64) -> Vendor {
    Vendor { rate, burst: rate, ..VENDOR }
}

const CAPPED: Vendor = Vendor { cap: 30, run_ms: (3000, 5000), ..VENDOR };

#[test]
fn a_known_rate_is_used_up_and_never_refused() {
    for seed in 0..4 {
        let mut world = World::new(vendor_of(20.0), limits(false), seed);
        world.run(60);
        assert!(world.rate(1..60) >= 0.97 * 20.0, "{}", world.rate(1..60));
        assert_eq!(world.refused.iter().sum::<u32>(), 0);
        assert_eq!(world.pace, Pace::default(), "there was nothing to learn");
    }
}

#[test]
fn an_unknown_rate_is_found() {
    for rate in [3.0, 20.0, 200.0] {
        for seed in 0..4 {
            let mut world = World::new(vendor_of(rate), limits(true), seed);
            world.run(180);
            let (share, refusals) = (world.rate(60..180) / rate, world.refusals(0..180));
            assert!(share >= 0.9 && refusals <= 0.02, "{rate}/s: {share} with {refusals} refused");
        }
    }
}

#[test]
fn an_unknown_cap_is_found_most_easily_where_refusals_name_it() {
    for (tells, enough) in [(true, 0.9), (false, 0.8)] {
        for seed in 0..4 {
            let mut world = World::new(Vendor { tells, ..CAPPED }, limits(true), seed);
            world.run(180);
            let (share, refusals) = (world.rate(60..180) / (30.0 / 4.0), world.refusals(0..180));
            assert!(share >= enough && refusals <= 0.02, "told {tells}: {share} with {refusals} refused");
        }
    }
}

#[test]
fn a_rate_that_changes_is_followed_within_half_a_minute() {
    for seed in 0..4 {
        let mut world = World::new(vendor_of(20.0), limits(true), seed);
        world.run(60);
        for (rate, from) in [(10.0, 60), (20.0, 120), (40.0, 180)] {
            world.vendor = vendor_of(rate);
            world.run(60);
            let share = world.rate(from + 30..from + 60) / rate;
            assert!((0.88..1.05).contains(&share), "{rate}/s: {share} of it after half a minute");
        }
    }
}

#[test]
fn a_cap_that_changes_is_followed() {
    for seed in 0..4 {
        let mut world = World::new(CAPPED, limits(true), seed);
        world.run(60);
        for (cap, from) in [(15, 60), (30, 120)] {
            world.vendor.cap = cap;
            world.run(60);
            let share = world.rate(from + 30..from + 60) * 4.0 / cap as f64;
            assert!(share >= 0.85, "{cap} places: {share} of them after half a minute");
        }
    }
}

#[test]
fn a_ceiling_that_is_too_high_is_learned_down_and_kept() {
    let mut world = World::new(vendor_of(10.0), limits(false), 1);
    world.run(120);
    assert!(world.rate(60..120) >= 0.85 * 10.0, "{}", world.rate(60..120));
    // A number that someone wrote down is doubted later than one that was found: chance refusals must not undo it.
    assert!(world.refusals(0..120) <= 0.25, "{}", world.refusals(0..120));
    world.vendor = vendor_of(50.0);
    world.run(60);
    assert!((0.95 * 20.0..=1.01 * 20.0).contains(&world.rate(150..180)), "{}", world.rate(150..180));
    assert_eq!(world.pace.rate, None, "the configured number stands again");
}

#[test]
fn refusals_by_chance_leave_a_configured_number_alone() {
    let limits = limits(false);
    let mut pace = Pace::default();
    for (number, tokens) in (0..4_000).zip(0_u64..) {
        let now = World::at(number * 50);
        let present = Present { limits: &limits, usage: Usage { tokens, in_flight: 5 }, now };
        if number % 10 == 0 {
            let limit = [None, Some(Limit::Rate), Some(Limit::InFlight)][usize::try_from(number / 10 % 3).unwrap()];
            pace = pace.on_throttled(&Refused { limit, begun: now }, &present).unwrap_or(pace);
        }
    }
    assert_eq!((pace.rate, pace.in_flight), (None, None));
}

#[test]
fn vendors_without_a_burst_are_not_starved() {
    for seed in 0..4 {
        let mut world = World::new(Vendor { burst: 2.0, ..vendor_of(20.0) }, limits(true), seed);
        world.run(180);
        assert!(world.rate(60..180) >= 0.65 * 20.0, "{}", world.rate(60..180));
        assert!(world.refusals(0..180) <= 0.02);
    }
}

/// One thing that may happen to a pace.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Refused { limit: Option<Limit>, ago_ms: i64 },
    Trouble,
    Quiet,
}

fn happening() -> impl Strategy<Value = Happening> {
    let limit = prop_oneof![Just(None), Just(Some(Limit::Rate)), Just(Some(Limit::InFlight))];
    prop_oneof![
        1 => (limit, 0..3000_i64).prop_map(|(limit, ago_ms)| Happening::Refused { limit, ago_ms }),
        1 => Just(Happening::Trouble),
        6 => Just(Happening::Quiet),
    ]
}

proptest! {
    #[test]
    fn no_history_leaves_the_bounds(
        open in any::<bool>(),
        events in prop::collection::vec((happening(), 0..5000_i64, 0..500_u64, 0..2000_u64), 1..200),
    ) {
        let limits = limits(open);
        let (mut pace, mut now, mut tokens) = (Pace::default(), 0, 0);
        for (event, passed, sent, in_flight) in events {
            now += passed;
            tokens += sent;
            let present = Present { limits: &limits, usage: Usage { tokens, in_flight }, now: World::at(now) };
            let before = pace.requests_per_second(&limits) * f64::from(pace.max_in_flight(&limits).get());
            let next = match event {
                Happening::Refused { limit, ago_ms } => {
                    let refused = Refused { limit, begun: World::at(now - ago_ms) };
                    let next = pace.on_throttled(&refused, &present);
                    if let Some(next) = &next {
                        let after = next.requests_per_second(&limits) * f64::from(next.max_in_flight(&limits).get());
                        prop_assert!(after <= before, "a refusal never adds");
                        if after < before {
                            prop_assert_eq!(next.on_throttled(&refused, &present), None, "an episode counts once");
                        }
                    }
                    next
                }
                Happening::Trouble => pace.on_trouble(present.now),
                Happening::Quiet => pace.on_quiet(&present),
            };
            pace = next.unwrap_or(pace);
            let rate = pace.requests_per_second(&limits);
            prop_assert!(rate.is_finite() && (0.01..=10_000.0).contains(&rate));
            prop_assert!(open || rate <= limits.requests_per_second);
            prop_assert!(open || pace.max_in_flight(&limits) <= limits.max_in_flight);
            let kept: Pace = serde_json::from_str(&serde_json::to_string(&pace).unwrap()).unwrap();
            prop_assert_eq!(kept.max_in_flight(&limits), pace.max_in_flight(&limits));
        }
    }
}

#[test]
fn trouble_holds_growth_and_takes_nothing() {
    let limits = limits(true);
    let present = |seconds: i64| Present {
        limits: &limits,
        usage: Usage { tokens: u64::try_from(seconds).unwrap() * 10, in_flight: 10 },
        now: World::at(seconds * 1000),
    };
    let begun = Pace::default().on_quiet(&present(0)).unwrap();
    let troubled = begun.on_trouble(World::at(500)).unwrap();
    assert_eq!(troubled.on_trouble(World::at(900)), None);
    let held = troubled.on_quiet(&present(3)).unwrap();
    assert_eq!((held.rate, held.in_flight), (None, None));
    let grown = held.on_quiet(&present(6)).unwrap();
    assert!(grown.requests_per_second(&limits) > 2.0);
}
