//! What an account's budgets have left, in all and for the day.

use reelq_model::{Money, Timestamp};

use crate::{AccountCap, AccountLimits};

/// Whether a price fits; under a budget a price that is not known, which is below zero, never does.
pub fn covers(left: Option<i64>, price: i64) -> bool {
    left.is_none_or(|left| price >= 0 && price <= left)
}

/// What is left, in micro-dollars; `None` where there is no such budget.
#[derive(Debug, Clone, Copy)]
pub struct RemainingBudget {
    total: Option<i64>,
    today: Option<i64>,
    /// The budget of a whole day.
    day: Option<i64>,
}

impl RemainingBudget {
    /// The purse of an account that has spent and set aside so much.
    pub fn new(limits: Option<&AccountLimits>, spent: i64, spent_today: i64, set_aside: i64) -> Self {
        let cap = |of: fn(&AccountLimits) -> Option<Money>| limits.and_then(of).map(Money::micros);
        let (total, day) = (cap(|limits| limits.budget), cap(|limits| limits.daily_budget));
        let left = |cap: Option<i64>, spent: i64| cap.map(|cap| cap.saturating_sub(spent.saturating_add(set_aside)));
        Self { total: left(total, spent), today: left(day, spent_today), day }
    }

    /// What keeps a job of this price from being bought.
    pub fn holds(&self, price: i64) -> Option<AccountCap> {
        if !covers(self.total, price) {
            return Some(AccountCap::Budget);
        }
        (!covers(self.today, price)).then_some(AccountCap::DailyBudget)
    }

    /// Whether the budget of a day on which nothing else is bought covers it.
    pub fn fits_a_day(&self, price: i64) -> bool {
        covers(self.day, price)
    }

    /// Sets aside another price.
    pub fn take(&mut self, price: i64) {
        self.total = self.total.map(|left| left.saturating_sub(price));
        self.today = self.today.map(|left| left.saturating_sub(price));
    }

    /// Whether there is any budget at all.
    pub const fn is_bounded(&self) -> bool {
        self.total.is_some() || self.day.is_some()
    }

    /// What holds jobs of all these prices back; of several, what ends first.
    pub fn held_by(&self, prices: &[i64], now: Timestamp) -> Option<(AccountCap, Option<Timestamp>)> {
        let holds: Option<Vec<_>> = prices.iter().map(|price| self.holds(*price)).collect();
        let mut holds = holds?.into_iter().zip(prices);
        if holds.clone().all(|(by, _)| by == AccountCap::Budget) {
            return Some((AccountCap::Budget, None));
        }
        let ends = holds.any(|(by, price)| by == AccountCap::DailyBudget && self.fits_a_day(*price));
        Some((AccountCap::DailyBudget, ends.then(|| now.day_end())))
    }
}
