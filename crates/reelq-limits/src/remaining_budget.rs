//! What an account's budgets have left, in all and for the day.

use std::collections::VecDeque;

use reelq_model::{Money, Timestamp};

use crate::{AccountCap, AccountLimits};

/// Whether a price fits; under a budget a price that is not known, which is below zero, never does.
pub fn covers(left: Option<i64>, price: i64) -> bool {
    left.is_none_or(|left| price >= 0 && price <= left)
}

/// Whether what is left lets none of the jobs go that wait at these prices, not even the cheapest; never where none waits.
pub fn is_reached(left: i64, prices: impl IntoIterator<Item = i64>) -> bool {
    let mut prices = prices.into_iter().peekable();
    prices.peek().is_some() && prices.all(|price| !covers(Some(left), price))
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

/// What a batch's budget has left, and what of it the account's budgets let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchBudget {
    left: Option<i64>,
    held_by_day: bool,
}

impl BatchBudget {
    /// Of a batch that may spend `cap` and has spent and set aside `used`.
    pub const fn new(cap: Option<i64>, used: i64) -> Self {
        let left = match cap {
            None => None,
            Some(cap) => Some(cap.saturating_sub(used)),
        };
        Self { left, held_by_day: false }
    }

    /// Whether the batch can pay for a job of this price.
    pub fn covers(&self, price: i64) -> bool {
        covers(self.left, price)
    }

    /// Whether the account lets it go; notes where only its daily budget does not.
    pub fn passes(&mut self, account: &RemainingBudget, price: i64) -> bool {
        let holds = account.holds(price);
        self.held_by_day |= holds == Some(AccountCap::DailyBudget) && account.fits_a_day(price);
        holds.is_none()
    }

    /// Sets the price of a job aside, with the batch and with the account, where both can pay for it.
    pub fn take(&mut self, account: &mut RemainingBudget, price: i64) -> bool {
        let pays = self.covers(price) && self.passes(account, price);
        if pays {
            self.left = self.left.map(|left| left.saturating_sub(price));
            account.take(price);
        }
        pays
    }

    /// Takes the first of these jobs, each with its price, that both can pay for. Those before it are dropped.
    pub fn take_first<J>(&mut self, account: &mut RemainingBudget, jobs: &mut VecDeque<(J, i64)>) -> Option<J> {
        while let Some((job, price)) = jobs.pop_front() {
            if self.take(account, price) {
                return Some(job);
            }
        }
        None
    }

    /// What of the account's budgets holds all jobs of these prices back that the batch can pay for, and until when;
    /// nothing where it can pay for none.
    pub fn held_by(
        &self,
        account: &RemainingBudget,
        prices: impl IntoIterator<Item = i64>,
        now: Timestamp,
    ) -> Option<(AccountCap, Option<Timestamp>)> {
        let prices: Vec<i64> = prices.into_iter().filter(|price| self.covers(*price)).collect();
        account.held_by(&prices, now).filter(|_| !prices.is_empty())
    }

    /// Only the account's daily budget held some of its jobs back.
    pub const fn is_held_by_day(&self) -> bool {
        self.held_by_day
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn a_budget_is_reached_when_not_even_the_cheapest_job_fits() {
        assert!(!is_reached(0, []), "nothing waits");
        assert!(is_reached(9, [10, 25]));
        assert!(!is_reached(10, [25, 10]));
        assert!(is_reached(10, [-1]), "no price, no purchase");
        assert!(!is_reached(10, [-1, 10]));
    }

    fn budget(total: i64, day: i64) -> RemainingBudget {
        let money = |micros| (micros >= 0).then(|| Money::from_micros(micros));
        let limits = AccountLimits {
            requests_per_second: 1.0,
            burst: NonZeroU32::MIN,
            polls_per_second: 1.0,
            max_in_flight: NonZeroU32::MIN,
            budget: money(total),
            daily_budget: money(day),
            open_rate: false,
            open_in_flight: false,
        };
        // 30 were spent, 10 of them today, and 5 are set aside.
        RemainingBudget::new(Some(&limits), 30, 10, 5)
    }

    #[test]
    fn each_budget_holds_back_what_it_cannot_pay_for() {
        let (total, day) = (Some(AccountCap::Budget), Some(AccountCap::DailyBudget));
        let table = [
            (-1, -1, -1, None),
            (-1, -1, i64::MAX, None),
            (100, -1, 65, None),
            (100, -1, 66, total),
            (100, -1, -1, total),
            (-1, 20, 5, None),
            (-1, 20, 6, day),
            (100, 20, 70, total),
            (100, 20, 6, day),
        ];
        for (budget_of_all, budget_of_day, price, held) in table {
            let budget = budget(budget_of_all, budget_of_day);
            assert_eq!(budget.holds(price), held, "{budget_of_all} {budget_of_day} {price}");
        }
    }

    #[test]
    fn what_waits_for_the_day_says_when_it_ends() {
        let now = Timestamp::from_millis(7);
        let mut budget = budget(100, 20);
        assert_eq!(budget.held_by(&[5, 70], now), None, "one of them may go");
        assert_eq!(budget.held_by(&[70, 80], now), Some((AccountCap::Budget, None)));
        assert_eq!(budget.held_by(&[6, 70], now), Some((AccountCap::DailyBudget, Some(now.day_end()))));
        assert_eq!(budget.held_by(&[21, 70], now), Some((AccountCap::DailyBudget, None)), "no day pays for it");
        budget.take(5);
        assert_eq!(budget.holds(1), Some(AccountCap::DailyBudget));
    }

    #[test]
    fn a_purchase_is_paid_for_by_its_batch_and_its_account_or_not_at_all() {
        let mut account = budget(100, 20);
        let mut batch = BatchBudget::new(Some(10), 6);
        assert!(!batch.take(&mut account, 5), "the batch has 4 left");
        assert!(!batch.is_held_by_day());
        assert!(batch.take(&mut account, 3));
        assert!(!batch.covers(2));
        let mut other = BatchBudget::new(None, 6);
        assert!(!other.take(&mut account, 3), "the account has 2 left today");
        assert!(other.is_held_by_day());
        assert!(other.take(&mut account, 2));
        assert!(!BatchBudget::new(Some(10), 0).covers(-1), "no price, no purchase");
    }

    #[test]
    fn the_first_job_that_can_be_paid_for_is_taken_and_those_before_it_are_dropped() {
        let (mut account, mut batch) = (budget(100, 20), BatchBudget::new(Some(10), 0));
        let mut jobs = VecDeque::from([("dear", 11), ("of another day", 6), ("cheap", 2), ("next", 1)]);
        assert_eq!(batch.take_first(&mut account, &mut jobs), Some("cheap"));
        assert!(batch.is_held_by_day());
        assert_eq!(jobs, [("next", 1)]);
    }

    #[test]
    fn what_a_batch_cannot_pay_for_does_not_wait_for_its_account() {
        let (account, now) = (budget(100, 20), Timestamp::from_millis(7));
        let batch = BatchBudget::new(Some(80), 0);
        assert_eq!(batch.held_by(&account, [90], now), None);
        assert_eq!(batch.held_by(&account, [90, 70], now), Some((AccountCap::Budget, None)));
        assert_eq!(batch.held_by(&account, [90, 5], now), None, "one of them may go");
    }
}
