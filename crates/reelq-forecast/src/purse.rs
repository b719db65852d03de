//! What an account's budgets have left while a batch is played.

use super::Budgets;

const NANOS_PER_MILLI: u64 = 1_000_000;
const DAY: u64 = 86_400_000 * NANOS_PER_MILLI;

/// An account's budgets. Money is in micro-dollars, times in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Purse {
    /// What is left of the whole budget, what is set aside taken off.
    left: Option<i64>,
    day: Option<Day>,
    /// For tasks that run: it counts on whatever day it is.
    set_aside: i64,
}

#[derive(Debug, Clone, Copy)]
struct Day {
    full: i64,
    spent: i64,
    ends: u64,
}

/// What keeps a job from being bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// The whole budget, or a day's that no day has: only what others gave back can help.
    Budget,
    /// Today's: tomorrow it goes.
    Day,
}

impl Purse {
    pub(crate) fn new(budgets: &Budgets) -> Self {
        let day = budgets.day.map(|full| Day {
            full,
            spent: budgets.day_left.map_or(0, |left| full.saturating_sub(left)),
            ends: budgets.day_ends_in_ms.saturating_mul(NANOS_PER_MILLI),
        });
        Self { left: budgets.left, day, set_aside: 0 }
    }

    /// Brings it to this time: a new day has spent nothing.
    pub(crate) fn pass(&mut self, now: u64) {
        if let Some(day) = self.day.as_mut().filter(|day| day.ends <= now) {
            let days = (now - day.ends) / DAY + 1;
            day.ends = day.ends.saturating_add(days.saturating_mul(DAY));
            day.spent = 0;
        }
    }

    /// What keeps a job of this price from being bought now. Budgets never pay for what has no price.
    pub(crate) fn holds(&self, price: Option<i64>) -> Option<Hold> {
        let covers = |left: i64| price.is_some_and(|price| (0..=left).contains(&price));
        if self.left.is_some_and(|left| !covers(left)) {
            return Some(Hold::Budget);
        }
        let day = self.day?;
        let today = day.full.saturating_sub(day.spent).saturating_sub(self.set_aside);
        match (covers(today), covers(day.full)) {
            (true, _) => None,
            (false, true) => Some(Hold::Day),
            (false, false) => Some(Hold::Budget),
        }
    }

    /// When the day ends, where there is a daily budget.
    pub(crate) fn day_ends(&self) -> Option<u64> {
        self.day.map(|day| day.ends)
    }

    /// Sets the price of a job aside.
    pub(crate) fn set_aside(&mut self, price: i64) {
        self.left = self.left.map(|left| left.saturating_sub(price));
        self.set_aside = self.set_aside.saturating_add(price);
    }

    /// A job ended: what was set aside for it is free, and what was charged is spent.
    pub(crate) fn settle(&mut self, price: i64, charge: i64) {
        self.left = self.left.map(|left| left.saturating_add(price).saturating_sub(charge));
        self.set_aside = self.set_aside.saturating_sub(price);
        if let Some(day) = self.day.as_mut() {
            day.spent = day.spent.saturating_add(charge);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purse(left: Option<i64>, day: Option<i64>, day_left: Option<i64>) -> Purse {
        Purse::new(&Budgets { left, day, day_left, day_ends_in_ms: 1_000 })
    }

    #[test]
    fn each_budget_holds_back_what_it_cannot_pay_for() {
        let table = [
            (None, None, Some(9), None),
            (None, None, None, None),
            (Some(10), None, Some(10), None),
            (Some(10), None, Some(11), Some(Hold::Budget)),
            (Some(10), None, None, Some(Hold::Budget)),
            (None, Some(20), Some(5), None),
            (None, Some(20), Some(6), Some(Hold::Day)),
            (None, Some(20), Some(21), Some(Hold::Budget)),
            (None, Some(20), None, Some(Hold::Budget)),
        ];
        for (left, day, price, held) in table {
            assert_eq!(purse(left, day, Some(5)).holds(price), held, "{left:?} {day:?} {price:?}");
        }
    }

    #[test]
    fn a_new_day_has_spent_nothing_but_what_is_set_aside_stays() {
        let mut purse = purse(None, Some(20), Some(8));
        purse.set_aside(8);
        assert_eq!(purse.holds(Some(1)), Some(Hold::Day));
        purse.pass(1_000 * NANOS_PER_MILLI);
        assert_eq!((purse.holds(Some(12)), purse.holds(Some(13))), (None, Some(Hold::Day)));
        assert_eq!(purse.day_ends(), Some(1_000 * NANOS_PER_MILLI + DAY));
        purse.settle(8, 0);
        assert_eq!(purse.holds(Some(20)), None);
        purse.pass(9 * DAY);
        assert_eq!(purse.day_ends(), Some(1_000 * NANOS_PER_MILLI + 9 * DAY));
    }

    #[test]
    fn what_was_not_charged_comes_back_to_the_whole_budget() {
        let mut purse = purse(Some(10), None, None);
        purse.set_aside(7);
        assert_eq!(purse.holds(Some(4)), Some(Hold::Budget));
        purse.settle(7, 2);
        assert_eq!(purse.holds(Some(8)), None);
    }
}
