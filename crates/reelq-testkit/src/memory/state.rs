//! What the store keeps, and the one place that writes what became of a job.

use std::{collections::BTreeMap, sync::Arc};

use reelq_model::{AccountName, BatchName, Job, JobId, RequestKey, ScheduleName, Timestamp, WorkerId};
use reelq_store::{
    Error, HistoryEntry, Result,
    rules::figures,
    transition::{Change, HistoryNote},
};

use super::{
    account::Account,
    batch::Batch,
    record::{Record, write_history},
    schedule::{HeldRun, ScheduleState},
};

#[derive(Debug, Default)]
pub(super) struct State {
    /// The store's time of the verb that is being done.
    pub now: Timestamp,
    /// What the clock on the wall shows meanwhile.
    pub wall: Timestamp,
    /// Counts the changes that others may wait for.
    pub changes: u64,
    serials: i64,
    pub batches: BTreeMap<BatchName, Batch>,
    pub jobs: BTreeMap<JobId, Record>,
    pub histories: BTreeMap<JobId, Vec<HistoryEntry>>,
    pub accounts: BTreeMap<AccountName, Account>,
    /// When each was heard last.
    pub workers: BTreeMap<WorkerId, Timestamp>,
    /// The job that asks for it, or none where it was bought and its batch is gone, and when that was noted.
    pub requests: BTreeMap<(RequestKey, BatchName), (Option<JobId>, Timestamp)>,
    pub schedules: BTreeMap<ScheduleName, ScheduleState>,
    pub runs: BTreeMap<BatchName, HeldRun>,
}

impl State {
    pub(super) const fn next_serial(&mut self) -> i64 {
        self.serials += 1;
        self.serials
    }

    /// A copy of a record, for a verb to judge.
    pub(super) fn record(&self, id: JobId) -> Result<Record> {
        self.jobs.get(&id).cloned().ok_or_else(|| Error::NoJob(id.to_string()))
    }

    pub(super) fn known_batch(&mut self, name: &BatchName) -> Result<&mut Batch> {
        self.batches.get_mut(name).ok_or_else(|| Error::NoBatch(name.to_string()))
    }

    pub(super) fn change_batch(&mut self, name: &BatchName, change: impl FnOnce(&mut Batch)) -> Result<()> {
        change(self.known_batch(name)?);
        self.changes += 1;
        Ok(())
    }

    /// Keeps a job that is new, due at once.
    pub(super) fn insert(&mut self, job: Job, position: Option<usize>) -> Record {
        let record = Record::new(job, position, self.next_serial(), self.now);
        self.jobs.insert(record.job.id, record.clone());
        record
    }

    /// Writes what a change makes of a record.
    pub(super) fn save(&mut self, before: &Record, change: Change<'_>) -> Record {
        let after = before.after(&change, self.now);
        let (id, has_ended) = (after.job.id, after.job.stage.is_terminal() && !before.job.stage.is_terminal());
        if has_ended && let Some(batch) = self.batches.get_mut(&after.job.batch) {
            batch.ended_at = Some(self.now);
        }
        write_history(self.histories.entry(id).or_default(), change.history, self.now);
        let is_charged = after.job.charges != before.job.charges;
        self.jobs.insert(id, after.clone());
        if is_charged {
            self.mark_twins(&after.job);
        }
        self.changes += 1;
        after
    }

    /// Marks a job and another one of its account that is charged for the same task.
    pub(super) fn mark_twins(&mut self, job: &Job) {
        let shared = |other: &Record| {
            let is_other = other.job.id != job.id && other.job.spec.account == job.spec.account;
            let charge = job.charges.iter().find(|charge| is_other && other.job.knows_task(&charge.task))?;
            Some((other.job.id, charge.task.clone()))
        };
        let found = if job.shares_task_with.is_none() { self.jobs.values().find_map(shared) } else { None };
        let Some((other, task)) = found else { return };
        for (one, twin) in [(job.id, other), (other, job.id)] {
            let unmarked = self.jobs.get_mut(&one).filter(|record| record.job.shares_task_with.is_none());
            let Some(record) = unmarked else { continue };
            // Whoever holds it keeps its lease.
            Arc::make_mut(&mut record.job).shares_task_with = Some(twin);
            let (status, reason) = (record.job.status(), figures::shared(twin, &task).into());
            let note = HistoryNote { event: figures::SHARED, reason, worker: None, status };
            write_history(self.histories.entry(one).or_default(), vec![note], self.now);
        }
    }
}
