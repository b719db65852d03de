//! What the submissions of a job cost.

use serde::{Deserialize, Serialize};

use crate::{Money, TaskId, Timestamp};

/// How a charge ended, as far as the provider tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// The task runs; the provider has frozen or taken the amount.
    Open,
    /// The task ended and the amount was taken.
    Charged,
    /// The task ended and the amount was given back.
    Refunded,
}

/// No honest charge is above this many times the catalogue's price, nor below that part of it.
const TIMES_PRICE_MAX: i64 = 1_000;
/// No honest charge of one task is above this where the price is not known.
const COST_MAX: Money = Money::from_micros(10_000 * 1_000_000);

/// A provider's figure for one task, where it can be believed: nothing, or at least a thousandth of `price` and at most a
/// thousand times as much (10,000 dollars where that is not known). Anything else is no figure, for it is in another unit:
/// it counts as not told.
pub fn believable_cost(told: Option<Money>, price: Option<Money>) -> Option<Money> {
    let most = price.filter(|price| *price > Money::ZERO).map_or(COST_MAX, |price| price.times(TIMES_PRICE_MAX));
    let is_dust = |cost: Money| price.is_some_and(|price| cost.times(TIMES_PRICE_MAX) < price);
    told.filter(|cost| (Money::ZERO..=most).contains(cost) && (*cost == Money::ZERO || !is_dust(*cost)))
}

/// The price of one accepted submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The task that it paid for.
    pub task: TaskId,
    /// The number of the submission.
    pub submission: u32,
    /// The amount: the provider's figure, else the catalogue's price; `None` where neither is known.
    #[serde(serialize_with = "Money::serialize_optional")]
    pub amount: Option<Money>,
    /// How it ended.
    pub settlement: Settlement,
    /// When it was recorded, by the store's time; `None` in records of versions that did not note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

impl Charge {
    /// What counts as spent: nothing once refunded.
    pub fn spent(&self) -> Money {
        match self.settlement {
            Settlement::Refunded => Money::ZERO,
            Settlement::Open | Settlement::Charged => self.amount.unwrap_or(Money::ZERO),
        }
    }
}
