//! What a forecast answers.

use serde::Serialize;

use super::Interval;

/// What a batch will probably take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// How many times the batch was played.
    pub plays: u64,
    /// Of all accounts together: they work side by side.
    pub total: Figures,
    /// Of each account, in the order in which they were given.
    pub accounts: Vec<AccountForecast>,
}

/// What one account's part will probably take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountForecast {
    /// Its figures.
    pub figures: Figures,
    /// What its history does not tell, and what was not guessed either.
    pub unlearned: Vec<Unlearned>,
}

/// The figures of a forecast. What is not known is `None`, never zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Jobs to buy.
    pub jobs: u64,
    /// Seconds from now to the last submission; at least so many where durations are unknown. `None` where the rate
    /// sends nothing.
    pub submit_s: Option<Interval<u64>>,
    /// Seconds from now to the last stored output. `None` where it is not known how long tasks run, or the rate sends nothing.
    pub end_s: Option<Interval<u64>>,
    /// Micro-dollars; `None` where something to buy has no price. Where failures are unlearned, as if there were none.
    pub cost: Option<Interval<i64>>,
    /// Submissions that the vendor will throttle; `None` where no submission was seen yet.
    pub throttles: Option<Interval<u64>>,
    /// Jobs that will fail for good; `None` where no ended task was seen yet.
    pub failed: Option<Interval<u64>>,
    /// Jobs that will never be bought: no budget pays for them, or no rate sends them.
    pub left_over: Interval<u64>,
    /// What takes most of the time in the median play, of the account that ends last; `None` where there is nothing to do.
    pub limit: Option<Bottleneck>,
}

/// What holds a batch up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bottleneck {
    /// Requests per second.
    Rate,
    /// Waits that the vendor asked for (429).
    Throttles,
    /// Places in flight.
    Places,
    /// The day's budget.
    DailyBudget,
    /// The whole budget: it leaves jobs over, or jobs wait for what others set aside.
    Budget,
    /// The vendor's own durations: all is submitted, and the last tasks run.
    Durations,
}

/// What a history does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unlearned {
    /// How long tasks run: no end can be given.
    Durations,
    /// How long downloads take: the end is that of the last task.
    Downloads,
    /// How often submissions are throttled: as if never.
    Throttles,
    /// How long a throttled account waits, where fewer than five waits were seen: as if like those, and where there is none, as
    /// if only for its next token. The end may then lie later than told.
    Waits,
    /// How often tasks fail: as if never.
    Failures,
    /// What is charged for a price: the price itself.
    Charges,
}

/// More jobs than can be played in a reasonable time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyJobs {
    /// How many there are.
    pub jobs: u64,
    /// How many can be played.
    pub most: u64,
}

impl std::fmt::Display for TooManyJobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} jobs are too many to forecast: at most {}", self.jobs, self.most)
    }
}

impl std::error::Error for TooManyJobs {}
