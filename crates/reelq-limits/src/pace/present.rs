//! What a step of a pace is judged by.

use std::time::Duration;

use reelq_model::{Limit, Timestamp};
use serde::{Deserialize, Serialize};

use crate::AccountLimits;

/// What is in use at a moment, as the store counts it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Rate tokens for paid requests that were ever handed out.
    pub tokens: u64,
    /// Jobs submitting or running, and claimed to be.
    pub in_flight: u64,
}

/// What a step is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Present<'a> {
    /// What the configuration says.
    pub limits: &'a AccountLimits,
    /// What is in use.
    pub usage: Usage,
    /// The store's time.
    pub now: Timestamp,
}

/// A request that was answered with 429.
#[derive(Debug, Clone, Copy)]
pub struct Refused {
    /// Which limit it broke, where the provider says so.
    pub limit: Option<Limit>,
    /// When it was begun, by the store's time.
    pub begun: Timestamp,
    /// How long the account pauses for it, from now on.
    pub wait: Duration,
}
