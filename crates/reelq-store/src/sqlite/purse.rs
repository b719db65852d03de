//! What an account's budgets have left, in all and for the day.

use reelq_model::{BatchName, Money, Timestamp};
use rusqlite::Connection;

use super::{
    account::Account,
    groups::{self, Waiting, covers},
};
use crate::{AccountCap, Error, HeldBatch, Result};

/// What is left; `None` where there is no such budget.
#[derive(Debug, Clone, Copy)]
pub(super) struct Purse {
    total: Option<i64>,
    today: Option<i64>,
    /// The budget of a whole day.
    day: Option<i64>,
}

impl Purse {
    pub(super) fn of(account: &Account, now: Timestamp) -> Self {
        let cap =
            |of: fn(&crate::AccountLimits) -> Option<Money>| account.limits.as_ref().and_then(of).map(Money::micros);
        let (total, day) = (cap(|limits| limits.budget), cap(|limits| limits.daily_budget));
        let left = |cap: Option<i64>, spent: i64| cap.map(|cap| cap.saturating_sub(spent + account.open()));
        Self { total: left(total, account.spent), today: left(day, account.spent_today(now)), day }
    }

    /// What keeps a job of this price from being bought.
    pub(super) fn holds(&self, price: i64) -> Option<AccountCap> {
        if !covers(self.total, price) {
            return Some(AccountCap::Budget);
        }
        (!covers(self.today, price)).then_some(AccountCap::DailyBudget)
    }

    /// Whether the budget of a day on which nothing else is bought covers it.
    pub(super) fn fits_a_day(&self, price: i64) -> bool {
        covers(self.day, price)
    }

    pub(super) fn take(&mut self, price: i64) {
        self.total = self.total.map(|left| left - price);
        self.today = self.today.map(|left| left - price);
    }

    fn is_bounded(&self) -> bool {
        self.total.is_some() || self.day.is_some()
    }
}

/// The batches that wait for the account's money.
pub(super) fn held(conn: &Connection, account: &Account, now: Timestamp) -> Result<Vec<HeldBatch>> {
    let purse = Purse::of(account, now);
    if !purse.is_bounded() {
        return Ok(Vec::new());
    }
    let mut held = Vec::new();
    for waiting in groups::waiting(conn, account.id, None)? {
        if let Some((by, until)) = held_by(&purse, &waiting, now) {
            held.push(HeldBatch { batch: name(conn, waiting.batch)?, by, until });
        }
    }
    Ok(held)
}

/// What holds all of the batch's jobs back; of several, what ends first.
fn held_by(purse: &Purse, waiting: &Waiting, now: Timestamp) -> Option<(AccountCap, Option<Timestamp>)> {
    let holds: Option<Vec<_>> = waiting.prices.iter().map(|price| purse.holds(*price)).collect();
    let mut holds = holds?.into_iter().zip(&waiting.prices);
    if holds.clone().all(|(by, _)| by == AccountCap::Budget) {
        return Some((AccountCap::Budget, None));
    }
    let ends = holds.any(|(by, price)| by == AccountCap::DailyBudget && purse.fits_a_day(*price));
    Some((AccountCap::DailyBudget, ends.then(|| now.day_end())))
}

fn name(conn: &Connection, batch: i64) -> Result<BatchName> {
    let name: String =
        conn.prepare_cached("SELECT name FROM batches WHERE id = ?1")?.query_row([batch], |row| row.get(0))?;
    BatchName::new(name).map_err(|error| Error::broken(error.to_string()))
}
