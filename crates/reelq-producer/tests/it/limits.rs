//! What an account allows that is not what a test is about.

use std::num::NonZeroU32;

use reelq_store::AccountLimits;

/// One of everything, and no budget.
pub(crate) const fn least() -> AccountLimits {
    AccountLimits {
        requests_per_second: 1.0,
        burst: NonZeroU32::MIN,
        polls_per_second: 1.0,
        max_in_flight: NonZeroU32::MIN,
        budget: None,
        daily_budget: None,
        open_rate: false,
        open_in_flight: false,
    }
}
