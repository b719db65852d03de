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

type Limiter = RateLimiter<NotKeyed, InMemoryState, Monotonic, NoOpMiddleware<Duration>>;

/// Requests of one process may follow each other by this much quicker than the store hands out tokens: the store's count
/// is exact, and what came late must be able to catch up.
const HASTE: f64 = 1.25;
/// A rate that differs by less is the same.
const SAME: f64 = 0.02;

/// Lets requests pass one by one, in the order of asking.
pub(crate) struct Spacing {
    clock: SharedClock,
    burst: NonZeroU32,
    /// The rate and what keeps it; held while a caller waits for its turn.
    turn: Mutex<Option<(f64, Limiter)>>,
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

impl fmt::Debug for Spacing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spacing").finish_non_exhaustive()
    }
}

impl Spacing {
    /// `burst` requests may go at once after a quiet time.
    pub(crate) fn new(clock: SharedClock, burst: NonZeroU32) -> Self {
        Self { clock, burst, turn: Mutex::default() }
    }

    /// Waits for this caller's turn at `rate` requests a second.
    pub(crate) async fn turn(&self, rate: f64) {
        let mut turn = self.turn.lock().await;
        let kept = turn.take().filter(|(kept, _)| (kept - rate).abs() <= SAME * rate);
        let (rate, limiter) = kept.unwrap_or_else(|| (rate, self.limiter(rate)));
        while let Err(early) = limiter.check() {
            tokio::time::sleep(early.wait_time_from(self.clock.monotonic())).await;
        }
        *turn = Some((rate, limiter));
    }

    /// A rate that is none means one an hour, not a panic.
    fn limiter(&self, rate: f64) -> Limiter {
        let slowest = Duration::from_hours(1);
        let rate = rate * HASTE;
        let period = if rate > 0.0 { Duration::try_from_secs_f64(rate.recip()).unwrap_or(slowest) } else { slowest };
        let period = period.clamp(Duration::from_micros(1), slowest);
        let quota = Quota::with_period(period).unwrap_or(Quota::per_hour(NonZeroU32::MIN)).allow_burst(self.burst);
        RateLimiter::direct_with_clock(quota, Monotonic(self.clock.clone()))
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
        let spacing = Spacing::new(Arc::clone(&clock), NonZeroU32::new(2).unwrap());
        let began = clock.monotonic();
        for _ in 0..6 {
            spacing.turn(100.0).await;
        }
        assert!(clock.monotonic().saturating_sub(began) >= Duration::from_millis(31));
    }
}
