//! Purchases that journals know and the store does not: it has lost their jobs. They count against the limits and budgets of
//! their account and batch all the same, once, whoever tells of them.

use reelq_model::{AccountName, BatchName, Job, JobId, Money, TaskId, Timestamp};
use serde::{Deserialize, Serialize};

/// Whose money a purchase is, and how much at the catalogue's price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stake {
    /// The account that it is bought on.
    pub account: AccountName,
    /// The batch that it is bought for.
    pub batch: BatchName,
    /// The catalogue's price; `None` where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "Money::serialize_optional")]
    pub price: Option<Money>,
}

impl Stake {
    /// What is lost with a job.
    pub fn of(job: &Job) -> Self {
        Self { account: job.spec.account.clone(), batch: job.batch.clone(), price: job.price }
    }
}

/// A purchase that a journal tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AbsentPurchase {
    /// The submission's number; 0 where it stands for all that a journal holds no more, of which only the sum is known.
    pub number: u32,
    /// The task; `None` where nobody knows whether the submission was taken.
    pub task: Option<TaskId>,
    /// What it cost, or may have cost; `None` where that is not known.
    #[serde(serialize_with = "Money::serialize_optional")]
    pub amount: Option<Money>,
    /// When it was made.
    pub at: Timestamp,
    /// It is known to be over: it takes no place in flight any more.
    pub is_over: bool,
}

/// A job that a journal knows and the store does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsentJob {
    /// Its id.
    pub id: JobId,
    /// Whose it was; `None` where the journal is of a version that did not write it down.
    pub owner: Option<(AccountName, Option<BatchName>)>,
    /// What was, or may have been, bought for it.
    pub purchases: Vec<AbsentPurchase>,
}

/// What the store was told of such jobs of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AbsentSum {
    /// The account; empty where no journal says whose they were.
    pub account: String,
    /// How many purchases.
    pub purchases: u64,
    /// How many of them may still be running at the vendor: each takes a place in flight.
    pub open: u64,
    /// What they cost, as far as that is known: it counts against the account's budgets.
    pub spent: Money,
    /// How many of them have a cost that is not known.
    pub unpriced: u64,
}

/// One of these purchases, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AbsentView {
    /// The job's id.
    pub job: JobId,
    /// The account's name; empty where no journal says it.
    pub account: String,
    /// The batch's name; empty where no journal says it.
    pub batch: String,
    /// The purchase.
    #[serde(flatten)]
    pub purchase: AbsentPurchase,
}

/// What journals know and the store does not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Absentees {
    /// How many jobs.
    pub jobs: u64,
    /// What was bought for them, by account.
    pub sums: Vec<AbsentSum>,
    /// The first few purchases.
    pub first: Vec<AbsentView>,
}
