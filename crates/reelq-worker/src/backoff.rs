//! Delays after setbacks: exponential with full jitter, from a random generator that is handed in.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::SharedRng;

/// How long to wait after the n-th setback in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait after the first setback.
    pub base: Duration,
    /// The longest wait of all.
    pub cap: Duration,
}

impl Backoff {
    /// The longest wait after `setbacks` setbacks that came before this one.
    pub fn ceiling(&self, setbacks: u32) -> Duration {
        // Past 2^32 every cap that anyone writes is reached.
        let steps = usize::try_from(setbacks.min(32)).unwrap_or(32);
        let builder =
            ExponentialBuilder::default().with_min_delay(self.base).with_max_delay(self.cap).without_max_times();
        builder.build().nth(steps).unwrap_or(self.cap).min(self.cap)
    }

    /// A wait between zero and [`Backoff::ceiling`], all equally likely.
    ///
    /// backon's own jitter only lengthens a delay, by up to as much again: waits that begin at zero it cannot draw.
    pub fn full_jitter(&self, setbacks: u32, rng: &SharedRng) -> Duration {
        self.ceiling(setbacks).mul_f64(rng.fraction())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_mins(1) };

    #[test]
    fn ceiling_doubles_up_to_the_cap() {
        let ceilings: Vec<_> = (0..8).map(|setbacks| BACKOFF.ceiling(setbacks).as_secs()).collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(BACKOFF.ceiling(u32::MAX), Duration::from_mins(1));
    }

    #[test]
    fn jitter_stays_below_the_ceiling_and_fills_it() {
        let rng = SharedRng::seeded(7);
        let delays: Vec<_> = (0..1000).map(|_| BACKOFF.full_jitter(3, &rng)).collect();
        assert!(delays.iter().all(|delay| *delay < Duration::from_secs(8)));
        assert!(delays.iter().any(|delay| *delay < Duration::from_secs(1)));
        assert!(delays.iter().any(|delay| *delay > Duration::from_secs(7)));
    }

    #[test]
    fn same_seed_gives_the_same_delays() {
        let delays = |seed| {
            let rng = SharedRng::seeded(seed);
            (0..5).map(|n| BACKOFF.full_jitter(n, &rng)).collect::<Vec<_>>()
        };
        assert_eq!(delays(3), delays(3));
        assert_ne!(delays(3), delays(4));
    }
}
