//! Spaces the paid requests of this process; the store's tokens count them over all workers.

use std::{fmt, num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::Clock as GovernorClock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use reelq_model::SharedClock;
use tokio::sync::Mutex;

/// Lets requests pass one by one, in the order of asking.
pub(crate) struct Pace {
    limiter: RateLimiter<NotKeyed, InMemoryState, Monotonic, NoOpMiddleware<Duration>>,
    clock: SharedClock,
    turn: Mutex<()>,
}

/// Our clock, as governor wants it.
#[derive(Debug, Clone)]
struct Monotonic(SharedClock);

impl GovernorClock for Monotonic {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").finish_non_exhaustive()
    }
}

impl Pace {
    /// `rate` requests a second, `burst` at once after a quiet time. A rate that is none means one an hour, not a panic.
    pub(crate) fn new(clock: SharedClock, rate: f64, burst: NonZeroU32) -> Self {
        let slowest = Duration::from_hours(1);
        let period = if rate > 0.0 { Duration::try_from_secs_f64(rate.recip()).unwrap_or(slowest) } else { slowest };
        let period = period.clamp(Duration::from_micros(1), slowest);
        let quota = Quota::with_period(period).unwrap_or(Quota::per_hour(NonZeroU32::MIN)).allow_burst(burst);
        let limiter = RateLimiter::direct_with_clock(quota, Monotonic(clock.clone()));
        Self { limiter, clock, turn: Mutex::new(()) }
    }

    /// Waits for this caller's turn.
    pub(crate) async fn turn(&self) {
        let _turn = self.turn.lock().await;
        while let Err(early) = self.limiter.check() {
            tokio::time::sleep(early.wait_time_from(self.clock.monotonic())).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reelq_model::SystemClock;

    use super::*;

    #[tokio::test]
    async fn requests_past_the_burst_are_spaced() {
        let clock: SharedClock = Arc::new(SystemClock::new());
        let pace = Pace::new(Arc::clone(&clock), 100.0, NonZeroU32::new(2).unwrap());
        let began = clock.monotonic();
        for _ in 0..6 {
            pace.turn().await;
        }
        assert!(clock.monotonic().saturating_sub(began) >= Duration::from_millis(39));
    }
}
