//! What an account's jobs add up to, and what that says of its budgets.

use reelq_limits::remaining_budget::RemainingBudget;
use reelq_model::{AccountName, Money, Timestamp};

use crate::{AccountLimits, AccountView, Pace, rules::ledger::AccountSums};

/// The sums of an account on the present day. Amounts are micro-dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountBalance {
    /// Over all its jobs, with what purged ones had cost.
    pub sums: AccountSums,
    /// Of what it spent, what was charged on the present day.
    pub spent_today: i64,
}

impl AccountBalance {
    /// What its budgets have left.
    pub fn remaining(&self, limits: Option<&AccountLimits>) -> RemainingBudget {
        RemainingBudget::new(limits, self.sums.spent, self.spent_today, self.sums.set_aside())
    }

    /// The account as people see it, without what only its own record says: limits, pace, pauses, and what waits for it.
    pub fn view(&self, name: AccountName, now: Timestamp) -> AccountView {
        AccountView {
            name,
            limits: None,
            pace: Pace::default(),
            pauses: Vec::new(),
            in_flight: u64::try_from(self.sums.in_flight).unwrap_or(0),
            spent: Money::from_micros(self.sums.spent),
            reserved: Money::from_micros(self.sums.set_aside()),
            spent_today: Money::from_micros(self.spent_today),
            day_ends: now.day_end(),
            held: Vec::new(),
            unread: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::transition::samples::at;

    #[test]
    fn what_is_set_aside_counts_in_the_view_and_against_both_budgets() {
        let sums = AccountSums { in_flight: 2, spent: 50, reserved: 20, claimed: 10 };
        let balance = AccountBalance { sums, spent_today: 5 };
        let view = balance.view(AccountName::new("acct").unwrap(), at(0));
        assert_eq!((view.in_flight, view.spent, view.reserved), (2, Money::from_micros(50), Money::from_micros(30)));
        let limits = AccountLimits {
            requests_per_second: 1.0,
            burst: NonZeroU32::MIN,
            polls_per_second: 1.0,
            max_in_flight: NonZeroU32::MIN,
            budget: Some(Money::from_micros(100)),
            daily_budget: Some(Money::from_micros(40)),
            open_rate: false,
            open_in_flight: false,
        };
        let remaining = balance.remaining(Some(&limits));
        assert_eq!(remaining.holds(5), None);
        assert_eq!(remaining.holds(6), Some(crate::AccountCap::DailyBudget));
        assert_eq!(remaining.holds(21), Some(crate::AccountCap::Budget));
    }
}
