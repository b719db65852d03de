//! Rate tokens by GCRA: one number an account says when its next token is due. Exact: whole nanoseconds, no float kept.

use std::time::Duration;

use reelq_model::Timestamp;

const NANOS_PER_MILLI: i128 = 1_000_000;
/// Rates below one in ten years count as none.
const INTERVAL_MAX: f64 = 315_360_000_000_000_000.0;
/// A bucket that was full for longer was not in use.
const LATENESS_MAX: i128 = 250 * NANOS_PER_MILLI;

/// A bucket of `burst` tokens that fills by one each `interval`.
#[derive(Debug, Clone, Copy)]
pub struct TokenBucket {
    interval: i128,
    burst: i128,
    /// The theoretical arrival time: when the bucket will be full again.
    tat: i128,
    now: i128,
    /// The time that was kept held the account for longer than it may.
    is_cut: bool,
}

impl TokenBucket {
    /// The bucket as it stands at `now`; `None` where the rate gives no tokens at all.
    pub fn new(per_second: f64, burst: u32, tat: i64, now: Timestamp) -> Option<Self> {
        let interval = i128::from(token_interval(per_second)?);
        let (now, burst) = (i128::from(now.millis()) * NANOS_PER_MILLI, i128::from(burst.max(1)));
        // A clock that was set back, or a rate that was raised, must not hold the account for longer than a full bucket takes.
        let (kept, latest) = (i128::from(tat), now + burst * interval);
        let (tat, is_cut) = (kept.min(latest), kept > latest);
        // A token that is fetched late costs nothing as long as the next is not due: whoever fetches them is never quite
        // on time, and would otherwise lose a little of the rate each time.
        let is_late = now - tat < interval.min(LATENESS_MAX);
        Some(Self { interval, burst, tat: if is_late { tat } else { now }, now, is_cut })
    }

    /// How many tokens there are.
    pub fn available(&self) -> usize {
        let tokens = (self.now + self.burst * self.interval - self.tat) / self.interval;
        usize::try_from(tokens).unwrap_or(0)
    }

    /// Takes `tokens`, and returns the number to keep.
    pub fn take(&self, tokens: usize) -> i64 {
        let taken = i128::try_from(tokens).unwrap_or(i128::MAX).saturating_mul(self.interval);
        i64::try_from(self.tat.saturating_add(taken)).unwrap_or(i64::MAX)
    }

    /// The number to keep once `tokens` have been taken; `None` where it is the one that is kept.
    ///
    /// A wait that was cut short begins now: unless it is kept, the next look would begin it anew.
    pub fn to_keep(&self, tokens: usize) -> Option<i64> {
        (tokens > 0 || self.is_cut).then(|| self.take(tokens))
    }

    /// How long until there is a token, once `tokens` have been taken; rounded up to the clock's milliseconds.
    pub fn next_in(&self, tokens: usize) -> Duration {
        let due = i128::from(self.take(tokens)) + self.interval - self.burst * self.interval;
        let millis = ((due - self.now).max(0) + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI;
        Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }
}

/// Nanoseconds between two tokens, rounded up, so that the rate is never passed; `None` where it gives no tokens at all.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value was checked to lie between 0 and INTERVAL_MAX"
)]
pub fn token_interval(per_second: f64) -> Option<u64> {
    let nanos = (1e9 / per_second).ceil();
    (per_second > 0.0 && nanos <= INTERVAL_MAX).then(|| (nanos as u64).max(1))
}

/// How many status requests may go at once: one second's worth.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float-to-integer cast saturates")]
pub fn polls_burst(per_second: f64) -> u32 {
    per_second.ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(per_second: f64, burst: u32, tat: i64, millis: i64) -> TokenBucket {
        TokenBucket::new(per_second, burst, tat, Timestamp::from_millis(millis)).unwrap()
    }

    #[test]
    fn full_bucket_gives_its_burst_and_then_one_an_interval() {
        let full = bucket(3.0, 5, 0, 1_000_000);
        assert_eq!(full.available(), 5);
        let tat = full.take(5);
        assert_eq!(full.next_in(5), Duration::from_millis(334));
        assert_eq!(bucket(3.0, 5, tat, 1_000_333).available(), 0);
        assert_eq!(bucket(3.0, 5, tat, 1_000_334).available(), 1);
        assert_eq!(bucket(3.0, 5, tat, 1_001_000).available(), 2, "three intervals end 1 ns after the second");
        assert_eq!(bucket(3.0, 5, tat, 1_001_001).available(), 3);
    }

    #[test]
    fn token_fetched_late_costs_nothing_while_the_bucket_is_in_use() {
        let tat = bucket(10.0, 1, 0, 1_000_000).take(1);
        let late = bucket(10.0, 1, tat, 1_000_190);
        assert_eq!(late.available(), 1, "never two at once");
        assert_eq!(late.next_in(1), Duration::from_millis(10));
        assert_eq!(bucket(10.0, 1, tat, 1_000_200).next_in(1), Duration::from_millis(100), "a whole token late");
        let slow = bucket(0.1, 1, 0, 1_000_000).take(1);
        assert_eq!(bucket(0.1, 1, slow, 1_010_249).next_in(1), Duration::from_millis(9751));
        assert_eq!(bucket(0.1, 1, slow, 1_010_250).next_in(1), Duration::from_secs(10));
    }

    #[test]
    fn clock_set_back_costs_at_most_a_full_bucket() {
        let ahead = bucket(1.0, 2, i64::MAX, 1_000_000);
        assert_eq!(ahead.available(), 0);
        assert_eq!(ahead.next_in(0), Duration::from_secs(1));
    }

    #[test]
    fn a_wait_that_was_cut_short_is_kept_and_ends() {
        let slow = bucket(0.01, 1, 0, 1_000_000).take(1);
        let raised = bucket(10.0, 1, slow, 1_000_001);
        assert_eq!((raised.available(), raised.next_in(0)), (0, Duration::from_millis(100)));
        let kept = raised.to_keep(0).unwrap();
        let later = bucket(10.0, 1, kept, 1_000_101);
        assert_eq!((later.available(), later.to_keep(0)), (1, None), "nothing new to keep");
        assert_eq!(later.to_keep(1), Some(later.take(1)));
    }

    #[test]
    fn rate_that_is_no_rate_gives_nothing() {
        for rate in [0.0, -1.0, f64::NAN, 1e-12] {
            assert!(TokenBucket::new(rate, 1, 0, Timestamp::from_millis(0)).is_none(), "{rate}");
        }
        assert_eq!(token_interval(3.0), Some(333_333_334));
        assert_eq!([0.0, 0.2, 1.0, 1.5, -3.0, f64::NAN, f64::INFINITY].map(polls_burst), [0, 1, 1, 2, 0, 0, u32::MAX]);
        assert_eq!(bucket(f64::INFINITY, 1, 0, 1).available(), 1);
        assert_eq!(bucket(1e300, u32::MAX, 0, 1).available(), u32::MAX as usize);
    }
}
