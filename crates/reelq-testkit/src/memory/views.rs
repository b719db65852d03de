//! Batches, accounts and workers as people see them: their sums are added up from the jobs.

use std::cmp::Reverse;

use reelq_model::{AccountName, BatchName, Money, Stage};
use reelq_store::{
    AccountView, BatchView, StatusCounts, WorkerView,
    rules::{
        bounds,
        ledger::{AccountSums, BatchSums, LedgerDelta},
    },
};

use super::{
    record::Record,
    state::{Batch, State},
};

/// What the jobs of a batch add up to.
#[derive(Debug, Default)]
pub(super) struct BatchLedger {
    pub sums: BatchSums,
    /// Jobs by status, of its lines and others.
    pub listed: StatusCounts,
    pub others: StatusCounts,
}

impl BatchLedger {
    /// What is used of its budget.
    pub(super) const fn used(&self) -> i64 {
        self.sums.spent.saturating_add(self.sums.reserved).saturating_add(self.sums.claimed)
    }
}

/// What the jobs of an account add up to, purged ones included.
#[derive(Debug, Default)]
pub(super) struct AccountLedger {
    pub sums: AccountSums,
    pub spent_today: i64,
}

impl AccountLedger {
    pub(super) const fn set_aside(&self) -> i64 {
        self.sums.reserved.saturating_add(self.sums.claimed)
    }
}

impl State {
    pub(super) fn of_batch(&self, batch: &BatchName) -> impl Iterator<Item = &Record> {
        self.jobs.values().filter(move |record| record.job.batch == *batch)
    }

    pub(super) fn batch_sums(&self, name: &BatchName) -> BatchLedger {
        let mut ledger = BatchLedger::default();
        for record in self.of_batch(name) {
            let delta = LedgerDelta::between(None, Some(&record.stored()));
            ledger.sums += delta.batch;
            if let Some(key) = delta.enters {
                let counts = if key.listed { &mut ledger.listed } else { &mut ledger.others };
                *counts.0.entry(key.status).or_default() += 1;
            }
        }
        ledger
    }

    pub(super) fn account_sums(&self, name: &AccountName) -> AccountLedger {
        let (mut ledger, today) = (AccountLedger::default(), self.now.day());
        for record in self.jobs.values().filter(|record| record.job.spec.account == *name) {
            let delta = LedgerDelta::between(None, Some(&record.stored()));
            ledger.sums += delta.account;
            let of_today = delta.days.iter().filter(|(day, _)| *day == today);
            ledger.spent_today += of_today.map(|(_, spent)| spent).sum::<i64>();
        }
        if let Some(account) = self.accounts.get(name) {
            ledger.sums.spent += account.purged;
            ledger.spent_today += account.purged_today.on(today);
        }
        ledger
    }

    pub(super) fn batch_view(&self, name: &BatchName) -> Option<BatchView> {
        let (batch, ledger) = (self.batches.get(name)?, self.batch_sums(name));
        let budget_reached = self.is_budget_reached(batch, &ledger);
        let BatchLedger { sums, listed, others } = ledger;
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

    /// Whether the budget lets none of the waiting jobs go, not even the cheapest.
    fn is_budget_reached(&self, batch: &Batch, ledger: &BatchLedger) -> bool {
        let Some(budget) = batch.draft.budget else { return false };
        let left = bounds::cap(budget).saturating_sub(ledger.used());
        let waits = |record: &&Record| matches!(record.job.stage, Stage::Ready) && record.lease_until.is_none();
        let waiting = self.of_batch(&batch.draft.name).filter(waits);
        let prices: Vec<i64> = waiting.map(|record| bounds::price(record.job.price)).collect();
        // Under a budget, jobs without a known price are never submitted.
        let cheapest = prices.iter().filter(|price| **price >= 0).min();
        cheapest.map_or(!prices.is_empty(), |price| *price > left)
    }

    /// All batches, the newest first.
    pub(super) fn batch_views(&self) -> Vec<BatchView> {
        let mut batches: Vec<&Batch> = self.batches.values().collect();
        batches.sort_by_key(|batch| Reverse((batch.created_at, batch.serial)));
        batches.into_iter().filter_map(|batch| self.batch_view(&batch.draft.name)).collect()
    }

    pub(super) fn account_views(&self) -> Vec<AccountView> {
        let view = |name: &AccountName| {
            let (account, ledger) = (self.accounts.get(name)?, self.account_sums(name));
            Some(AccountView {
                name: name.clone(),
                limits: account.limits,
                pace: account.pace.clone(),
                pauses: account.pauses(self.now).map(|(_, pause)| pause.clone()).collect(),
                in_flight: count(ledger.sums.in_flight),
                spent: Money::from_micros(ledger.sums.spent),
                reserved: Money::from_micros(ledger.set_aside()),
                spent_today: Money::from_micros(ledger.spent_today),
                day_ends: self.now.day_end(),
                held: self.held(name, &ledger),
                unread: None,
            })
        };
        self.accounts.keys().filter_map(view).collect()
    }

    pub(super) fn worker_views(&self) -> Vec<WorkerView> {
        let views = self.workers.iter().map(|(id, seen_at)| {
            let held = self.jobs.values().filter(|record| record.worker.as_ref() == Some(id));
            WorkerView { id: id.clone(), seen_at: *seen_at, leases: held.count() as u64 }
        });
        views.collect()
    }
}

/// A sum that is a count.
pub(super) fn count(sum: i64) -> u64 {
    u64::try_from(sum).unwrap_or(0)
}
