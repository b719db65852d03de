//! Batches, accounts and workers as people see them: their sums are added up from the jobs.

use reelq_limits::remaining_budget::is_reached;
use reelq_model::{AccountName, BatchName, Money, Stage};
use reelq_store::{
    AccountView, BatchView, StatusCounts,
    rules::{
        bounds,
        ledger::{AccountSums, BatchSums, LedgerDelta},
    },
};

use super::{record::Record, state::State};

/// What jobs add up to; money in micro-dollars.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub batch: BatchSums,
    pub account: AccountSums,
    /// What was charged on the present day.
    pub spent_today: i64,
    /// How many there are by status: of the manifest's lines, and others.
    pub listed: StatusCounts,
    pub others: StatusCounts,
}

impl Sums {
    /// What is set aside: for submissions whose charge is not known, and for jobs that were claimed to be submitted.
    pub(super) const fn set_aside(&self) -> i64 {
        self.account.reserved.saturating_add(self.account.claimed)
    }

    /// What is used of a budget.
    pub(super) const fn used(&self) -> i64 {
        self.account.spent.saturating_add(self.set_aside())
    }
}

impl State {
    pub(super) fn of_batch(&self, batch: &BatchName) -> impl Iterator<Item = &Record> {
        self.jobs.values().filter(move |record| record.job.batch == *batch)
    }

    fn sums<'a>(&self, records: impl Iterator<Item = &'a Record>) -> Sums {
        let mut sums = Sums::default();
        for record in records {
            let delta = LedgerDelta::between(None, Some(&record.stored()));
            sums.batch += delta.batch;
            sums.account += delta.account;
            let of_today = delta.days.iter().filter(|(day, _)| *day == self.now.day());
            sums.spent_today += of_today.map(|(_, spent)| spent).sum::<i64>();
            if let Some(key) = delta.enters {
                let counts = if key.listed { &mut sums.listed } else { &mut sums.others };
                *counts.0.entry(key.status).or_default() += 1;
            }
        }
        sums
    }

    pub(super) fn batch_sums(&self, name: &BatchName) -> Sums {
        self.sums(self.of_batch(name))
    }

    /// Purged jobs included.
    pub(super) fn account_sums(&self, name: &AccountName) -> Sums {
        let mut sums = self.sums(self.jobs.values().filter(|record| record.job.spec.account == *name));
        if let Some(account) = self.accounts.get(name) {
            sums.account.spent += account.purged;
            sums.spent_today += account.purged_today.on(self.now.day());
        }
        sums
    }

    pub(super) fn batch_view(&self, name: &BatchName) -> Option<BatchView> {
        let (batch, sums) = (self.batches.get(name)?, self.batch_sums(name));
        let waits = |record: &&Record| matches!(record.job.stage, Stage::Ready) && record.lease_until.is_none();
        let prices = self.of_batch(name).filter(waits).map(|record| bounds::price(record.job.price));
        let left = batch.draft.budget.map(|budget| bounds::cap(budget).saturating_sub(sums.used()));
        let budget_reached = left.is_some_and(|left| is_reached(left, prices));
        let Sums { batch: sums, listed, others, .. } = sums;
        let is_finished = batch.whole && listed.is_ended() && others.is_ended();
        let deadlines = self.of_batch(name).filter_map(|record| record.job.link_deadline());
        Some(BatchView {
            batch: batch.draft.clone(),
            whole: batch.whole,
            paused: batch.paused,
            counts: listed,
            others,
            spent: Money::from_micros(sums.spent),
            reserved: Money::from_micros(sums.reserved),
            to_spend: Money::from_micros(sums.to_spend),
            unpriced: count(sums.unpriced),
            budget_reached,
            orphans: count(sums.orphans),
            overdue: count(sums.overdue),
            next_link_deadline: deadlines.map(bounds::time).min(),
            created_at: batch.created_at,
            finished_at: batch.ended_at.filter(|_| is_finished),
            purging: batch.purging,
            cancelling: batch.cancelling,
        })
    }

    pub(super) fn account_view(&self, name: &AccountName) -> Option<AccountView> {
        let (account, sums) = (self.accounts.get(name)?, self.account_sums(name));
        Some(AccountView {
            name: name.clone(),
            limits: account.limits,
            pace: account.pace.value.clone(),
            pauses: account.pauses(self.now).map(|(_, pause)| pause.clone()).collect(),
            in_flight: count(sums.account.in_flight),
            spent: Money::from_micros(sums.account.spent),
            reserved: Money::from_micros(sums.set_aside()),
            spent_today: Money::from_micros(sums.spent_today),
            day_ends: self.now.day_end(),
            held: self.held(name, &sums),
            unread: None,
        })
    }
}

/// A sum that is a count.
pub(super) fn count(sum: i64) -> u64 {
    u64::try_from(sum).unwrap_or(0)
}
