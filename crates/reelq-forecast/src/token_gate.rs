//! Rate tokens in virtual time (GCRA), from a full bucket.

/// Rates below one in ten years count as none.
const INTERVAL_MAX: f64 = 315_360_000_000_000_000.0;

/// A bucket of `burst` tokens that fills by one each `interval`. Times are in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenGate {
    interval: u64,
    /// What the tokens beyond the first are worth.
    ahead: u64,
    /// When the bucket will be full again.
    tat: u64,
}

impl TokenGate {
    /// A full bucket; `None` where the rate gives no tokens at all.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the value was checked to lie between 0 and INTERVAL_MAX"
    )]
    pub(crate) fn full(per_second: f64, burst: u32) -> Option<Self> {
        let nanos = (1e9 / per_second).ceil();
        let interval = (per_second > 0.0 && nanos <= INTERVAL_MAX).then(|| (nanos as u64).max(1))?;
        let ahead = interval.saturating_mul(u64::from(burst.saturating_sub(1)));
        Some(Self { interval, ahead, tat: 0 })
    }

    /// When there is a token.
    pub(crate) const fn opens_at(&self) -> u64 {
        self.tat.saturating_sub(self.ahead)
    }

    /// Takes a token.
    pub(crate) fn take(&mut self, now: u64) {
        self.tat = self.tat.max(now).saturating_add(self.interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bucket_gives_its_burst_and_then_one_an_interval() {
        let mut gate = TokenGate::full(4.0, 3).unwrap();
        let mut times = Vec::new();
        for _ in 0..5 {
            times.push(gate.opens_at());
            gate.take(gate.opens_at());
        }
        assert_eq!(times, [0, 0, 0, 250_000_000, 500_000_000]);
    }

    #[test]
    fn a_quiet_time_fills_it_again_and_no_more() {
        let mut gate = TokenGate::full(1.0, 2).unwrap();
        gate.take(100_000_000_000);
        assert!(gate.opens_at() <= 100_000_000_000);
        gate.take(100_000_000_000);
        assert_eq!(gate.opens_at(), 101_000_000_000);
    }

    #[test]
    fn a_rate_that_is_no_rate_gives_nothing() {
        for rate in [0.0, -1.0, f64::NAN, 1e-12] {
            assert!(TokenGate::full(rate, 1).is_none(), "{rate}");
        }
    }
}
