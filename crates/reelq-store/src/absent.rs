//! Purchases that journals know and the store does not: it has lost their jobs. They count against the limits and budgets of
//! their account and batch all the same, once, however many journals report them.

use reelq_model::{AccountName, BatchName, Job, JobId, Money, TaskId, Timestamp};
use serde::{Deserialize, Serialize};

/// On which account and for which batch a purchase is, and at which price.
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
    /// What is at stake with a job.
    pub fn of(job: &Job) -> Self {
        Self { account: job.spec.account.clone(), batch: job.batch.clone(), price: job.price }
    }
}

/// A purchase that a journal reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AbsentPurchase {
    /// The submission's number; 0 for the sum of all that the journal has no more lines of.
    pub number: u32,
    /// The task; `None` where no one knows whether the submission was accepted.
    pub task: Option<TaskId>,
    /// What it cost, or may have cost; `None` where that is unknown.
    #[serde(serialize_with = "Money::serialize_optional")]
    pub amount: Option<Money>,
    /// When it was made.
    pub at: Timestamp,
    /// It is known to be over, and takes no place in flight any more.
    pub is_over: bool,
}

/// A job that a journal knows and the store does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsentJob {
    /// Its id.
    pub id: JobId,
    /// Its account and its batch; `None` where an earlier version wrote the journal, without them.
    pub owner: Option<(AccountName, Option<BatchName>)>,
    /// What was, or may have been, bought for it.
    pub purchases: Vec<AbsentPurchase>,
}

/// The sums of such purchases of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AbsentSum {
    /// The account; empty where no journal names it.
    pub account: String,
    /// How many purchases there are.
    pub purchases: u64,
    /// How many of them may still be running at the vendor: each takes a place in flight.
    pub open: u64,
    /// What they cost, as far as that is known: it counts against the account's budgets.
    pub spent: Money,
    /// How many of them have no known cost.
    pub unpriced: u64,
}

/// One of these purchases, for display.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AbsentView {
    /// The job's id.
    pub job: JobId,
    /// The account's name; empty where no journal names it.
    pub account: String,
    /// The batch's name; empty where no journal names it.
    pub batch: String,
    /// The purchase.
    #[serde(flatten)]
    pub purchase: AbsentPurchase,
}

/// What journals know and the store does not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Absentees {
    /// How many jobs there are.
    pub jobs: u64,
    /// What was bought for them, account by account.
    pub sums: Vec<AbsentSum>,
    /// The first few purchases.
    pub first: Vec<AbsentView>,
}
