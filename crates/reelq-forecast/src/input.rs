//! What a forecast is made from: what an account allows, what is to be bought, and what was seen of the vendor.

use std::num::NonZeroU32;

/// An account, the jobs to buy on it, and what was learned of it.
#[derive(Debug, Clone)]
pub struct PlayedAccount {
    /// How fast it may buy.
    pub pacing: Pacing,
    /// How much it may spend.
    pub budgets: Budgets,
    /// What is to be bought, first things first.
    pub groups: Vec<JobGroup>,
    /// How many times a job may be bought again after a transient failure.
    pub retries: u32,
    /// What earlier jobs tell.
    pub history: AccountHistory,
}

/// How fast an account may buy.
#[derive(Debug, Clone, Copy)]
pub struct Pacing {
    /// Paid requests a second, spaced evenly, at the pace that holds now.
    pub requests_per_second: f64,
    /// Paid requests that may go at once after a quiet time.
    pub burst: NonZeroU32,
    /// Jobs that may be submitting or running at once.
    pub max_in_flight: NonZeroU32,
    /// Milliseconds between two looks at a running task: its end is noticed up to so much later. Zero where the durations of
    /// the history go to the moment at which the end was noticed.
    pub poll_ms: u64,
}

/// How much an account may spend, in micro-dollars; `None` where there is no such budget.
#[derive(Debug, Clone, Copy, Default)]
pub struct Budgets {
    /// What is left of the whole budget, what is set aside taken off.
    pub left: Option<i64>,
    /// The budget of a whole UTC day.
    pub day: Option<i64>,
    /// What is left of today's; the whole day's where it is not told. Without meaning where there is no daily budget.
    pub day_left: Option<i64>,
    /// Milliseconds until the UTC day ends.
    pub day_ends_in_ms: u64,
}

/// Jobs of one price.
#[derive(Debug, Clone, Copy)]
pub struct JobGroup {
    /// How many; a copy is a job.
    pub count: u64,
    /// The catalogue's price of one in micro-dollars; `None` where it has none. Budgets never pay for what has no price.
    pub price: Option<i64>,
}

/// What was seen of an account's vendor. An empty sample tells nothing, and nothing is guessed in its place.
#[derive(Debug, Clone, Default)]
pub struct AccountHistory {
    /// How long tasks ran, in milliseconds.
    pub run_ms: Vec<u64>,
    /// How long downloads took from the noticed end to the stored output, in milliseconds.
    pub download_ms: Vec<u64>,
    /// How submissions were throttled; `None` where no submission was seen.
    pub throttles: Option<Throttles>,
    /// How tasks failed; `None` where no ended task was seen.
    pub failures: Option<Failures>,
    /// What was charged for one dollar of catalogue price, a job each.
    pub charged_ratio: Vec<f64>,
}

/// How submissions were throttled (429).
#[derive(Debug, Clone, Default)]
pub struct Throttles {
    /// Submissions that were sent.
    pub submissions: u64,
    /// How many of them were throttled.
    pub throttled: u64,
    /// How long the account waited after each, in milliseconds.
    pub wait_ms: Vec<u64>,
}

/// How tasks ended. A job that was bought three times counts three times.
#[derive(Debug, Clone, Copy, Default)]
pub struct Failures {
    /// Tasks that ended, however they did.
    pub ended: u64,
    /// Those that failed for good and were charged.
    pub final_charged: u64,
    /// Those that failed for good and cost nothing.
    pub final_uncharged: u64,
    /// Those that failed in a way that may pass, and cost nothing.
    pub transient: u64,
}

impl PlayedAccount {
    /// How many jobs are to be bought.
    pub(crate) fn jobs(&self) -> u64 {
        self.groups.iter().fold(0, |sum, group| group.count.saturating_add(sum))
    }

    /// Whether all that is to be bought has a price.
    pub(crate) fn is_priced(&self) -> bool {
        self.groups.iter().all(|group| group.count == 0 || group.price.is_some_and(|price| price >= 0))
    }
}

impl AccountHistory {
    /// The throttles, where any submission was seen.
    pub(crate) fn seen_throttles(&self) -> Option<&Throttles> {
        self.throttles.as_ref().filter(|throttles| throttles.submissions > 0)
    }

    /// The failures, where any ended task was seen.
    pub(crate) fn seen_failures(&self) -> Option<Failures> {
        self.failures.filter(|failures| failures.ended > 0)
    }
}
