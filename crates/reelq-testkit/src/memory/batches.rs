//! Batches: what people set, what their jobs add up to, and their removal.
//! One that is being removed can only be removed further.

use std::cmp::Reverse;

use reelq_limits::remaining_budget::is_reached;
use reelq_model::{BatchName, JobId, Money, Stage, Status};
use reelq_store::rules::bounds;
use reelq_store::rules::ledger::{BatchSums, LedgerDelta};
use reelq_store::{AccountBalance, BatchView, Error, ImportedWith, Purge, Result, StatusCounts, Unfinished};

use super::state::{Batch, Record, State};

/// At most this many jobs of a batch are removed in one step.
const STEP: usize = 2_000;

/// What jobs add up to; money in micro-dollars.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub batch: BatchSums,
    pub account: AccountBalance,
    /// How many there are by status: of the manifest's lines, and others.
    pub counts: [StatusCounts; 2],
}

impl State {
    /// A batch that is about to change.
    fn changing(&mut self, name: &BatchName) -> Result<&mut Batch> {
        self.changes += 1;
        self.batches.get_mut(name).ok_or_else(|| Error::NoBatch(name.to_string()))
    }

    pub(super) fn pause_batch(&mut self, name: &BatchName, paused: bool) -> Result<()> {
        self.changing(name).map(|batch| batch.record.paused = paused)
    }

    pub(super) fn set_budget(&mut self, name: &BatchName, budget: Option<Money>) -> Result<()> {
        self.changing(name).map(|batch| batch.record.draft.budget = budget)
    }

    pub(super) fn forget_plan(&mut self, name: &BatchName) -> Result<()> {
        let with = &mut self.changing(name)?.record.draft.loaded_with;
        *with = with.take().map(|with| ImportedWith { planned: None, ..with });
        Ok(())
    }

    /// A load that is under way ends here.
    pub(super) fn begin_cancel(&mut self, name: &BatchName) -> Result<()> {
        let batch = self.changing(name)?;
        batch.refuse_purging()?;
        (batch.record.cancelling, batch.staged) = (true, None);
        Ok(())
    }

    pub(super) fn end_cancel(&mut self, name: &BatchName) -> Result<()> {
        _ = self.changing(name).map(|batch| batch.record.cancelling = false);
        Ok(())
    }

    /// Whether it is finished is judged anew at each step: a charge that no one expected may have come since.
    pub(super) fn purge(&mut self, name: &BatchName) -> Result<Purge> {
        let Sums { counts: [listed, others], .. } = self.batch_sums(name);
        let batch = self.changing(name)?;
        let unfinished = Unfinished {
            outstanding: listed.outstanding() + others.outstanding(),
            unconfirmed: listed.of(Status::Unconfirmed) + others.of(Status::Unconfirmed),
            loading: batch.record.whole && batch.staged.is_some(),
        };
        if !unfinished.is_finished() {
            return Ok(Purge::Refused(unfinished));
        }
        (batch.record.purging, batch.staged) = (true, None);
        let gone: Vec<JobId> = self.of_batch(name).map(|record| record.job.id).take(STEP).collect();
        for record in gone.iter().filter_map(|id| self.jobs.remove(id)).collect::<Vec<_>>() {
            self.keep_cost(&record);
        }
        let jobs = gone.len() as u64;
        if gone.len() == STEP {
            return Ok(Purge::Going { jobs });
        }
        if let Some(batch) = self.batches.remove(name) {
            self.accounts.values_mut().for_each(|account| account.passes.retain(|serial, _| *serial != batch.serial));
        }
        Ok(Purge::Done { jobs })
    }

    /// The sums of its account keep what a job has cost.
    fn keep_cost(&mut self, record: &Record) {
        let (today, cost) = (self.now.day(), LedgerDelta::between(None, Some(&record.stored())));
        let account = self.account(&record.job.spec.account);
        account.purged += cost.account.spent;
        for (_, spent) in cost.days.into_iter().filter(|(day, _)| *day == today) {
            account.purged_today = account.purged_today.plus(today, spent);
        }
    }

    pub(super) fn batch(&self, name: &BatchName) -> Result<Option<BatchView>> {
        Ok(self.batches.get(name).map(|batch| self.batch_view(batch)))
    }

    pub(super) fn batches(&self) -> Result<Vec<BatchView>> {
        let mut batches: Vec<_> = self.batches.values().collect();
        batches.sort_by_key(|batch| Reverse((batch.record.created_at, batch.serial)));
        Ok(batches.into_iter().map(|batch| self.batch_view(batch)).collect())
    }

    fn batch_view(&self, batch: &Batch) -> BatchView {
        let draft = &batch.record.draft;
        let Sums { batch: sums, counts, .. } = self.batch_sums(&draft.name);
        let waits = |record: &&Record| matches!(record.job.stage, Stage::Ready) && record.lease_until.is_none();
        let prices = self.of_batch(&draft.name).filter(waits).map(|record| bounds::price(record.job.price));
        let left = draft.budget.map(|budget| bounds::cap(budget).saturating_sub(sums.used()));
        let deadlines = self.of_batch(&draft.name).filter_map(|record| record.job.link_deadline());
        let next_deadline = deadlines.map(bounds::time).min();
        batch.record.clone().view(&sums, counts, left.is_some_and(|left| is_reached(left, prices)), next_deadline)
    }

    pub(super) fn of_batch(&self, name: &BatchName) -> impl Iterator<Item = &Record> {
        self.jobs.values().filter(move |record| record.job.batch == *name)
    }

    pub(super) fn batch_sums(&self, name: &BatchName) -> Sums {
        self.sums(self.of_batch(name))
    }

    pub(super) fn sums<'a>(&self, records: impl Iterator<Item = &'a Record>) -> Sums {
        let mut sums = Sums::default();
        for record in records {
            let delta = LedgerDelta::between(None, Some(&record.stored()));
            sums.batch += delta.batch;
            sums.account.sums += delta.account;
            let of_today = delta.days.iter().filter(|(day, _)| *day == self.now.day());
            sums.account.spent_today += of_today.map(|(_, spent)| spent).sum::<i64>();
            if let Some(key) = delta.enters {
                *sums.counts[usize::from(!key.listed)].0.entry(key.status).or_default() += 1;
            }
        }
        sums
    }
}
