//! A vendor with a hidden limit and eight workers that share what they learn, in virtual time: what the arithmetic is for.
#![expect(clippy::cast_precision_loss, reason = "a simulation of some minutes")]

mod bounds;
mod chance;
mod learning;
mod load;
mod too_high;
mod vendor;

use reelq_model::{Limit, Timestamp};

use self::{
    load::Load,
    vendor::{Books, Counting, VENDOR, Vendor},
};
use super::{Pace, Present, Refused, Usage};
use crate::AccountLimits;

const STEP_MS: i64 = 2;
const WORKERS: i64 = 8;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Arrives { begun: i64 },
    Answered { begun: i64, taken: Result<(), Option<Limit>> },
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
    books: Books,
    dice: u64,
    learns: bool,
    load: Load,
    /// Requests that are wanted and not made yet.
    backlog: f64,
    /// The processes are dead until then, and live until then.
    dead_until: i64,
    live_until: i64,
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
            books: Books::default(),
            dice: seed.wrapping_mul(2).wrapping_add(1),
            learns: true,
            load: Load::ALL,
            backlog: 0.0,
            dead_until: 0,
            live_until: 0,
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
        let mut claimed = false;
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
            self.live_and_die();
            let before = self.tokens;
            self.claim();
            claimed |= self.tokens > before;
            // The pace is looked at only on the way to a request.
            if self.now % (1000 / WORKERS) < STEP_MS && std::mem::take(&mut claimed) {
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
        if self.now < self.paused_until || self.in_flight >= places || self.next_token > now || !self.is_wanted() {
            return;
        }
        self.backlog -= 1.0;
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
                let taken = self.answer();
                let answered = self.now + self.roll(5, 40);
                self.later.push((answered, Step::Answered { begun, taken }));
                if taken.is_ok() {
                    let run = self.roll(self.vendor.run_ms.0, self.vendor.run_ms.1);
                    self.later.push((self.now + run, Step::Ends));
                    let noticed = self.now + run + self.roll(5, 250);
                    self.later.push((noticed.max(answered), Step::Noticed));
                    *self.accepted.last_mut().unwrap() += 1;
                } else {
                    *self.refused.last_mut().unwrap() += 1;
                }
            }
            Step::Answered { begun, taken: Err(limit) } => {
                // A process that died hears nothing.
                if begun >= self.dead_until && self.now >= self.dead_until {
                    self.hear(begun, limit);
                }
                self.in_flight -= 1;
            }
            Step::Answered { .. } => {}
            Step::Ends => self.books.running -= 1,
            Step::Noticed => self.in_flight -= 1,
        }
    }

    /// Whether the vendor takes the request; a whim names no limit.
    fn answer(&mut self) -> Result<(), Option<Limit>> {
        let whim = self.vendor.whim;
        if whim > 0.0 && f64::from(u32::try_from(self.roll(0, 9_999)).unwrap()) < 10_000.0 * whim {
            return Err(None);
        }
        self.books.admit(&self.vendor, self.now as f64).map_err(|limit| Some(limit).filter(|_| self.vendor.tells))
    }

    fn hear(&mut self, begun: i64, limit: Option<Limit>) {
        // One refusal of four names no wait; the worker then takes one of its own.
        let named = self.roll(0, 3) > 0;
        let wait = if named { self.vendor.retry_after_ms } else { self.roll(1000, 2000) };
        self.paused_until = self.paused_until.max(self.now + wait);
        let wait = std::time::Duration::from_millis(u64::try_from(wait).unwrap());
        let refused = Refused { limit, begun: Self::at(begun), wait };
        let present = Present { limits: &self.limits, usage: self.usage(), now: Self::at(self.now) };
        if self.learns {
            self.pace = self.pace.on_throttled(&refused, &present);
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
    Vendor { rate, counting: Counting::Bucket(rate), ..VENDOR }
}

const CAPPED: Vendor = Vendor { cap: 30, run_ms: (3000, 5000), ..VENDOR };
