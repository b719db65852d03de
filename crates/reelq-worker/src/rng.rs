//! The random generator of delays, which is handed in so that a test can repeat them.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// A random generator that handlers share. The same seed gives the same sequence.
#[derive(Debug)]
pub struct SharedRng {
    rng: Mutex<StdRng>,
}

impl SharedRng {
    /// Starts from `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self { rng: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    /// A number from 0 up to, but not including, 1.
    pub fn fraction(&self) -> f64 {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).random_range(0.0..1.0)
    }

    /// A seed for a generator further down.
    pub fn seed(&self) -> u64 {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..u64::MAX)
    }

    /// `delay` made up to `share` longer or shorter.
    pub fn around(&self, delay: Duration, share: f64) -> Duration {
        delay.mul_f64((1.0 + share * (2.0 * self.fraction() - 1.0)).max(0.0))
    }
}
