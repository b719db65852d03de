//! What an account allows at the pace that was learned.

use reelq_model::Timestamp;

use crate::{AccountLimits, Pace, token_bucket::TokenBucket};

impl AccountLimits {
    /// The rate tokens of submissions at `now`, at the pace that was learned; `None` where there will never be any.
    pub fn submit_bucket(&self, pace: &Pace, tat: i64, now: Timestamp) -> Option<TokenBucket> {
        TokenBucket::new(pace.requests_per_second(self), self.burst.get(), tat, now)
    }

    /// How many more jobs may go into flight where so many are.
    pub fn room(&self, pace: &Pace, in_flight: i64) -> usize {
        let cap = i64::from(pace.max_in_flight(self).get());
        usize::try_from(cap.saturating_sub(in_flight)).unwrap_or(0)
    }
}
