//! What a vendor hides: how it counts requests, how many tasks it runs, and what it refuses for reasons of its own.

use std::collections::VecDeque;

use reelq_model::Limit;

/// How a vendor counts requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Counting {
    /// A bucket that holds so many, and fills at the rate.
    Bucket(f64),
    /// So many seconds from one whole moment to the next, each with its own count.
    Fixed(f64),
    /// The last so many seconds.
    Sliding(f64),
}

/// What the vendor hides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vendor {
    pub(super) rate: f64,
    pub(super) counting: Counting,
    pub(super) cap: usize,
    pub(super) run_ms: (i64, i64),
    pub(super) retry_after_ms: i64,
    /// Whether its refusals say which limit was broken.
    pub(super) tells: bool,
    /// The share of requests that it refuses whatever their rate.
    pub(super) whim: f64,
}

pub(super) const VENDOR: Vendor = Vendor {
    rate: 1e9,
    counting: Counting::Bucket(1e9),
    cap: 1_000_000,
    run_ms: (300, 900),
    retry_after_ms: 1000,
    tells: true,
    whim: 0.0,
};

/// What a vendor remembers of an account.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) running: usize,
    /// When a bucket will be full again.
    tat: f64,
    /// When requests were taken that still count.
    taken: VecDeque<f64>,
}

impl Books {
    /// Takes a request, or says which limit it breaks.
    pub(super) fn admit(&mut self, vendor: &Vendor, now: f64) -> Result<(), Limit> {
        if self.running >= vendor.cap {
            return Err(Limit::InFlight);
        }
        let taken = match vendor.counting {
            Counting::Bucket(burst) => self.fits_bucket(vendor.rate, burst, now),
            Counting::Fixed(seconds) => {
                let window = 1000.0 * seconds;
                self.fits_window(vendor.rate * seconds, (now / window).floor() * window, now)
            }
            Counting::Sliding(seconds) => self.fits_window(vendor.rate * seconds, now - 1000.0 * seconds, now),
        };
        if !taken {
            return Err(Limit::Rate);
        }
        self.running += 1;
        Ok(())
    }

    fn fits_bucket(&mut self, rate: f64, burst: f64, now: f64) -> bool {
        let gap = 1000.0 / rate;
        let fits = self.tat <= now + (burst - 1.0) * gap;
        if fits {
            self.tat = self.tat.max(now) + gap;
        }
        fits
    }

    fn fits_window(&mut self, most: f64, from: f64, now: f64) -> bool {
        while self.taken.front().is_some_and(|at| *at < from) {
            self.taken.pop_front();
        }
        let fits = (self.taken.len() as f64) < most;
        if fits {
            self.taken.push_back(now);
        }
        fits
    }
}
