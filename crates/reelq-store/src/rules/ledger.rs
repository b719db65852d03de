//! What a job adds to the sums of its batch and its account, and what one change adds to them.

use std::ops::AddAssign;

use reelq_model::{Charge, Stage, Status};

use super::{bounds, figures, hold};
use crate::transition::StoredJob;

/// The sums of a batch. Amounts are micro-dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchSums {
    /// What its jobs cost so far.
    pub spent: i64,
    /// Set aside for submissions whose charge is not known.
    pub reserved: i64,
    /// The prices of its jobs that were claimed to be submitted.
    pub claimed: i64,
    /// The prices of its jobs that are yet to be submitted.
    pub to_spend: i64,
    /// How many of its jobs have no known price or charge.
    pub unpriced: i64,
    /// How many of its records follow a charge that no one expected.
    pub orphans: i64,
    /// How many of its tasks are overdue.
    pub overdue: i64,
    /// How many of its jobs are held.
    pub held: i64,
}

/// The sums of an account. Amounts are micro-dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountSums {
    /// Places in flight that are taken.
    pub in_flight: i64,
    /// What its jobs cost so far.
    pub spent: i64,
    /// Set aside for submissions whose charge is not known.
    pub reserved: i64,
    /// The prices of its jobs that were claimed to be submitted.
    pub claimed: i64,
}

impl BatchSums {
    /// What is used of its budget: what it spent, and what is set aside.
    pub const fn used(&self) -> i64 {
        self.spent.saturating_add(self.reserved).saturating_add(self.claimed)
    }
}

impl AccountSums {
    /// What is set aside: for submissions whose charge is not known, and for jobs that were claimed to be submitted.
    pub const fn set_aside(&self) -> i64 {
        self.reserved.saturating_add(self.claimed)
    }
}

/// A counter of a batch: its jobs of one status, with or without a line in its manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountKey {
    /// The jobs have a line.
    pub listed: bool,
    /// Their status.
    pub status: Status,
}

/// What one change of a job adds to the sums.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerDelta {
    /// Of its batch.
    pub batch: BatchSums,
    /// Of its account.
    pub account: AccountSums,
    /// The counter that it leaves.
    pub leaves: Option<CountKey>,
    /// The counter that it enters.
    pub enters: Option<CountKey>,
    /// Of what was spent, the amounts by UTC day. A day may come more than once.
    pub days: Vec<(i64, i64)>,
    /// The job ended with this change.
    pub ends: bool,
}

impl LedgerDelta {
    /// The difference that a change makes; `None` stands for a record that is not there.
    ///
    /// `book` in the Redis store's `books.lua` is the same rule.
    pub fn between(before: Option<&StoredJob<'_>>, after: Option<&StoredJob<'_>>) -> Self {
        let mut delta = Self::default();
        if let Some(before) = before {
            delta.add(before, -1);
            delta.leaves = count_key(before);
        }
        if let Some(after) = after {
            delta.add(after, 1);
            delta.enters = count_key(after);
            let ended = |job: &StoredJob<'_>| job.job.stage.is_terminal();
            delta.ends = ended(after) && !before.is_some_and(ended);
        }
        delta.add_days(before, after);
        delta
    }

    /// The counters that change, each with its difference.
    pub fn counts(&self) -> impl Iterator<Item = (CountKey, i64)> {
        let moves = self.leaves != self.enters;
        let leaves = self.leaves.filter(|_| moves).map(|key| (key, -1));
        leaves.into_iter().chain(self.enters.filter(|_| moves).map(|key| (key, 1)))
    }

    fn add(&mut self, stored: &StoredJob<'_>, sign: i64) {
        let job = stored.job;
        let is_ready = matches!(job.stage, Stage::Ready);
        let is_claimed = is_ready && stored.is_leased();
        let price = bounds::price(job.price).max(0);
        let (spent, reserved) = (sign * bounds::amount(job.spent()), sign * bounds::amount(job.reserved()));
        let claimed = if is_claimed { sign * price } else { 0 };
        self.batch += BatchSums {
            spent,
            reserved,
            claimed,
            to_spend: if is_ready { sign * price } else { 0 },
            unpriced: sign * i64::from(stored.is_shown() && figures::unpriced(job)),
            orphans: sign * i64::from(job.orphan_of.is_some()),
            overdue: sign * i64::from(figures::overdue(job)),
            held: sign * i64::from(is_ready && hold::is_held(job.priority)),
        };
        let in_flight = sign * i64::from(is_claimed || job.in_flight());
        self.account += AccountSums { in_flight, spent, reserved, claimed };
    }

    /// Charges rarely change: most changes add nothing to any day.
    fn add_days(&mut self, before: Option<&StoredJob<'_>>, after: Option<&StoredJob<'_>>) {
        if charges(before) == charges(after) {
            return;
        }
        for (stored, sign) in [(before, -1), (after, 1)] {
            if let Some(stored) = stored {
                let days = stored.job.spent_by_day();
                self.days.extend(days.map(|(day, spent)| (day, sign * bounds::amount(spent))));
            }
        }
    }
}

fn charges<'a>(stored: Option<&StoredJob<'a>>) -> &'a [Charge] {
    stored.map_or(&[], |stored| stored.job.charges.as_slice())
}

fn count_key(stored: &StoredJob<'_>) -> Option<CountKey> {
    stored.is_shown().then(|| CountKey { listed: stored.listed, status: stored.job.status() })
}

impl AddAssign for BatchSums {
    fn add_assign(&mut self, other: Self) {
        self.spent += other.spent;
        self.reserved += other.reserved;
        self.claimed += other.claimed;
        self.to_spend += other.to_spend;
        self.unpriced += other.unpriced;
        self.orphans += other.orphans;
        self.overdue += other.overdue;
        self.held += other.held;
    }
}

impl AddAssign for AccountSums {
    fn add_assign(&mut self, other: Self) {
        self.in_flight += other.in_flight;
        self.spent += other.spent;
        self.reserved += other.reserved;
        self.claimed += other.claimed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transition::samples;

    #[test]
    fn a_claim_sets_its_price_aside_and_takes_a_place() {
        let job = samples::ready();
        let waits = samples::stored(&job);
        let claimed = StoredJob { lease_until: Some(samples::at(9)), ..waits };
        let delta = LedgerDelta::between(Some(&waits), Some(&claimed));
        assert_eq!(delta.batch, BatchSums { claimed: samples::PRICE, ..BatchSums::default() });
        let account = AccountSums { in_flight: 1, claimed: samples::PRICE, ..AccountSums::default() };
        assert_eq!(delta.account, account);
        assert_eq!(delta.counts().count(), 0);
        assert_eq!((delta.days.len(), delta.ends), (0, false));
    }

    #[test]
    fn an_accepted_task_is_charged_to_its_day_and_counted_as_running() {
        let (before, after) = (samples::submitting(), samples::running());
        let delta = LedgerDelta::between(Some(&samples::stored(&before)), Some(&samples::stored(&after)));
        let price = samples::PRICE;
        assert_eq!(delta.account, AccountSums { spent: price, reserved: -price, ..AccountSums::default() });
        assert_eq!(delta.days, [(0, price)]);
        let key = |status| CountKey { listed: true, status };
        assert_eq!(delta.counts().collect::<Vec<_>>(), [(key(Status::Submitting), -1), (key(Status::Running), 1)]);
    }

    #[test]
    fn an_unlisted_job_leaves_the_counts_when_it_ends_unbought() {
        let (before, after) = (samples::ready(), samples::withdrawn());
        let [before, after] = [&before, &after].map(|job| StoredJob { listed: false, ..samples::stored(job) });
        let delta = LedgerDelta::between(Some(&before), Some(&after));
        let left = CountKey { listed: false, status: Status::Queued };
        assert_eq!(delta.counts().collect::<Vec<_>>(), [(left, -1)]);
        assert!(delta.ends);
        assert_eq!(delta.batch.to_spend, -samples::PRICE);
    }

    #[test]
    fn there_and_back_is_nothing() {
        let (one, other) = (samples::fetching(), samples::failed());
        let (one, other) = (samples::stored(&one), samples::stored(&other));
        let (mut sums, back) =
            (LedgerDelta::between(Some(&one), Some(&other)), LedgerDelta::between(Some(&other), Some(&one)));
        sums.batch += back.batch;
        sums.account += back.account;
        assert_eq!((sums.batch, sums.account), (BatchSums::default(), AccountSums::default()));
        assert_eq!((sums.ends, back.ends), (true, false));
    }
}
