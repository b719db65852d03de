//! Limits and pauses of an account, shared by all workers.

use std::{num::NonZeroU32, time::Duration};

use reelq_model::{BlockReason, Money, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Fault,
    token_bucket::{TokenBucket, polls_burst},
};

/// What an account allows. Set by the configuration of whoever starts work; the last word holds.
///
/// What is learned of the provider's limits ([`Pace`](crate::Pace)) stays within these numbers, but for those that are open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AccountLimits {
    /// Paid requests a second, spaced evenly (GCRA).
    pub requests_per_second: f64,
    /// Paid requests that may go at once after a quiet time.
    pub burst: NonZeroU32,
    /// Status requests a second.
    pub polls_per_second: f64,
    /// Jobs that may be submitting or running at once.
    pub max_in_flight: NonZeroU32,
    /// The most that may be spent and set aside on it, over all its batches.
    #[serde(default, serialize_with = "Money::serialize_optional")]
    pub budget: Option<Money>,
    /// The most that may be spent on one UTC day of the store's time, what is set aside included.
    #[serde(default, serialize_with = "Money::serialize_optional")]
    pub daily_budget: Option<Money>,
    /// `requests_per_second` is only where to begin: the provider's own limit is to be learned.
    #[serde(default)]
    pub open_rate: bool,
    /// `max_in_flight` is only where to begin: the provider's own limit is to be learned.
    #[serde(default)]
    pub open_in_flight: bool,
}

impl AccountLimits {
    /// The rate tokens of status requests at `now`; `None` where there will never be any.
    pub fn poll_bucket(&self, tat: i64, now: Timestamp) -> Option<TokenBucket> {
        TokenBucket::new(self.polls_per_second, polls_burst(self.polls_per_second), tat, now)
    }
}

/// A cap on an account's money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountCap {
    /// [`AccountLimits::budget`].
    Budget,
    /// [`AccountLimits::daily_budget`].
    DailyBudget,
}

/// A throttled account's status requests wait for so long at most, whatever the provider asks for: what is paid for must not
/// be silenced until its links are dead.
pub const POLLS_THROTTLED_MAX: Duration = Duration::from_mins(5);

/// Why an account submits nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum PauseReason {
    /// The provider said to wait (429); it ends by itself. Status requests wait too, for five minutes
    /// at most (`POLLS_THROTTLED_MAX`).
    Throttled,
    /// The provider refuses the account (401, 402, 403); a person must act. Status requests go on, slowly, unless refused too.
    Blocked {
        /// What the provider refused.
        block: BlockReason,
        /// Its message.
        message: String,
    },
    /// A person paused it; status requests and downloads go on.
    Operator,
    /// Too many bad outcomes in a row that were no row's fault: submissions wait for the next probe. Set by
    /// [`Breaker`](crate::Breaker) alone; status requests and downloads go on.
    Breaker {
        /// What kind of outcomes they were.
        fault: Fault,
        /// What was seen last.
        message: String,
        /// How many there were in a row.
        count: u32,
        /// Probes that ended in vain.
        probes: u32,
    },
}

/// A pause of an account. At most one of each reason stands at a time; the longest of a reason wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Why.
    pub reason: PauseReason,
    /// When it began, by the store's time.
    pub since: Timestamp,
    /// When it ends by itself; `None` where a person must end it.
    pub until: Option<Timestamp>,
}

impl Pause {
    /// Whether it has not ended by itself.
    pub fn stands(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}
