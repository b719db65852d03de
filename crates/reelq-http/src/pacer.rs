//! Spaces requests inside one process, so that tokens claimed together do not leave together.

use std::{fmt, num::NonZeroU32, time::Duration};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Mutex;

const SLOWEST: Duration = Duration::from_hours(1);
const FASTEST: Duration = Duration::from_micros(1);

/// Lets one request pass at a time, in the order of asking, and no more than the rate allows.
pub struct Pacer {
    limiter: DefaultDirectRateLimiter,
    turn: Mutex<()>,
    period: Duration,
}

impl Pacer {
    /// Allows `rate` requests a second, and `burst` at once after a quiet time.
    pub fn new(rate: f64, burst: NonZeroU32) -> Self {
        let period = period_of(rate);
        let quota = Quota::with_period(period).unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(burst);
        Self { limiter: RateLimiter::direct(quota), turn: Mutex::new(()), period }
    }

    /// Waits for this caller's turn.
    pub async fn until_ready(&self) {
        let _turn = self.turn.lock().await;
        self.limiter.until_ready().await;
    }
}

impl fmt::Debug for Pacer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pacer").field("period", &self.period).finish_non_exhaustive()
    }
}

/// The time between two requests. A rate that is no rate at all means the slowest pace, not a panic.
fn period_of(rate: f64) -> Duration {
    let period = Duration::try_from_secs_f64(rate.recip()).unwrap_or(SLOWEST);
    if rate.is_nan() || rate <= 0.0 { SLOWEST } else { period.clamp(FASTEST, SLOWEST) }
}

#[cfg(test)]
mod tests {
    use reelq_model::{Clock, SystemClock};

    use super::*;

    #[test]
    fn no_rate_is_the_slowest_pace() {
        for rate in [0.0, -1.0, f64::NAN, 1e-30] {
            assert_eq!(period_of(rate), SLOWEST, "{rate}");
        }
        assert_eq!(period_of(f64::INFINITY), FASTEST);
        assert_eq!(period_of(4.0), Duration::from_millis(250));
    }

    #[tokio::test]
    async fn requests_past_the_burst_are_spaced() {
        let (pacer, clock) = (Pacer::new(50.0, NonZeroU32::MIN), SystemClock::new());
        let began = clock.monotonic();
        for _ in 0..4 {
            pacer.until_ready().await;
        }
        assert!(clock.monotonic().saturating_sub(began) >= Duration::from_millis(55));
    }
}
