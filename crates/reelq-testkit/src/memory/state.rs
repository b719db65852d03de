//! What the store keeps, and the one place that writes what became of a job.

use std::{collections::BTreeMap, sync::Arc};

use indexmap::IndexMap;
use reelq_limits::DayTotal;
use reelq_model::{AccountName, BatchName, Job, JobId, RequestKey, ScheduleName, Timestamp, WorkerId};
use reelq_store::{
    AccountLimits, BatchDraft, BatchRecord, BreakerView, Error, HistoryEntry, Line, LineDraft, PaceView, Pause, Result,
    rules::{bounds, cancel::CancelWish, figures, run_lock::RunLockRecord},
    transition::{Change, HistoryNote, StoredJob},
};

use super::schedules::Schedule;

/// Entries that are kept of one job's history: the newest.
const HISTORY_KEPT: usize = 64;

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
    pub accounts: BTreeMap<AccountName, Account>,
    /// When each was heard last.
    pub workers: BTreeMap<WorkerId, Timestamp>,
    /// The job that asks for it, or none where it was bought and its batch is gone, and when that was noted.
    pub requests: BTreeMap<(RequestKey, BatchName), (Option<JobId>, Timestamp)>,
    /// Until when each keeps the tasks that it follows, and which were taken from it, with the version that it had.
    pub follows: BTreeMap<WorkerId, (Timestamp, BTreeMap<JobId, u64>)>,
    pub schedules: BTreeMap<ScheduleName, Schedule>,
    pub runs: BTreeMap<BatchName, RunLockRecord>,
}

/// The lines of a manifest in their order, by the jobs that they ask for.
pub(super) type Lines = IndexMap<JobId, LineDraft>;

#[derive(Debug)]
pub(super) struct Batch {
    /// Its age among all batches.
    pub serial: i64,
    pub record: BatchRecord,
    pub lines: Lines,
    /// The number of its last load, of the load that brought its lines, and of the one whose requests are noted.
    pub begun: u64,
    pub loaded: u64,
    pub noted: u64,
    /// What the load brings that is under way.
    pub staged: Option<(BatchDraft, Lines)>,
}

impl Batch {
    pub(super) fn refuse_purging(&self) -> Result<()> {
        if self.record.purging { Err(Error::BeingPurged(self.record.draft.name.to_string())) } else { Ok(()) }
    }
}

/// What is known of an account. What its jobs add up to is not kept here.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub limits: Option<AccountLimits>,
    /// What was learned, with its version, and the tokens for submissions that were ever handed out.
    pub pace: PaceView,
    pub breaker: BreakerView,
    /// By the number of their reason: at most one active pause per reason.
    pub pauses: BTreeMap<i64, Pause>,
    /// Where its buckets of rate tokens stand.
    pub submit_tat: i64,
    pub poll_tat: i64,
    /// The virtual time of its batches' turns, and the pass of each batch.
    pub turn: i64,
    pub passes: BTreeMap<i64, i64>,
    /// What purged jobs had cost, in all and on the day of their removal.
    pub purged: i64,
    pub purged_today: DayTotal,
}

/// A job and what the store keeps around it. A copy is cheap: verbs judge one, and write what came of it.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub job: Arc<Job>,
    pub version: u64,
    pub due: Option<Timestamp>,
    pub worker: Option<WorkerId>,
    pub lease_until: Option<Timestamp>,
    pub cancel: CancelWish,
    pub parked: bool,
    /// It has a line in its batch's manifest.
    pub listed: bool,
    /// The line that it had last.
    pub former: Option<Line>,
    pub history: Arc<Vec<HistoryEntry>>,
    /// Its age among all jobs.
    pub serial: i64,
}

impl Record {
    /// The record as the contract's rules read it.
    pub(super) fn stored(&self) -> StoredJob<'_> {
        let Self { version, due, lease_until, cancel, parked, listed, .. } = *self;
        StoredJob { job: &self.job, version, due, lease_until, cancel, parked, listed }
    }

    /// The record as a change leaves it.
    fn after(&self, change: Change<'_>, now: Timestamp) -> Self {
        let left = change.leaves(&self.stored(), now);
        let StoredJob { version, due, lease_until, cancel, parked, .. } = left;
        let (job, worker) = (Arc::new(left.job.clone()), self.worker.clone().filter(|_| lease_until.is_some()));
        let mut after = Self { job, version, due, worker, lease_until, cancel, parked, ..self.clone() };
        after.write(change.history, now);
        after
    }

    /// Adds entries to its history, the oldest of which go once there are too many.
    fn write(&mut self, notes: Vec<HistoryNote<'_>>, at: Timestamp) {
        let history = Arc::make_mut(&mut self.history);
        history.extend(notes.into_iter().map(|note| note.into_entry(at)));
        history.drain(..history.len().saturating_sub(HISTORY_KEPT));
    }
}

impl State {
    /// The mark of the state as it is. Zero asks for the present one, and so is none itself.
    pub(super) const fn mark(&self) -> u64 {
        self.changes + 1
    }

    pub(super) const fn next_serial(&mut self) -> i64 {
        self.serials += 1;
        self.serials
    }

    /// A copy of a record, for a verb to judge.
    pub(super) fn record(&self, id: JobId) -> Result<Record> {
        self.jobs.get(&id).cloned().ok_or_else(|| Error::NoJob(id.to_string()))
    }

    /// Where the job's line stands in its batch's manifest, and the line.
    pub(super) fn line(&self, record: &Record) -> Option<(usize, &LineDraft)> {
        let (position, _, line) = self.batches.get(&record.job.batch)?.lines.get_full(&record.job.id)?;
        Some((position, line))
    }

    /// Keeps a job that is new, due at once.
    pub(super) fn insert(&mut self, job: Job, listed: bool) -> Record {
        let (job, serial, due) = (Arc::new(bounds::sound(job)), self.next_serial(), Some(self.now));
        let (worker, lease_until, cancel, parked, history) = (None, None, CancelWish::NONE, false, Arc::default());
        let record =
            Record { job, version: 1, due, worker, lease_until, cancel, parked, listed, former: None, history, serial };
        self.jobs.insert(record.job.id, record.clone());
        record
    }

    /// Writes what a change makes of a record.
    pub(super) fn save(&mut self, before: &Record, change: Change<'_>) -> Record {
        let after = before.after(change, self.now);
        let has_ended = after.job.stage.is_terminal() && !before.job.stage.is_terminal();
        if has_ended && let Some(batch) = self.batches.get_mut(&after.job.batch) {
            batch.record.ended_at = Some(self.now);
        }
        self.jobs.insert(after.job.id, after.clone());
        if after.job.charges != before.job.charges {
            self.mark_twins(&after.job);
        }
        self.changes += 1;
        after
    }

    /// Writes what a change makes of a record, and passes an answer on.
    pub(super) fn saved<T>(&mut self, before: &Record, change: Change<'_>, answer: T) -> T {
        self.save(before, change);
        answer
    }

    /// Marks a job and another one of its account that is charged for the same task.
    pub(super) fn mark_twins(&mut self, job: &Job) {
        let shared = |other: &Record| {
            let is_other = other.job.id != job.id && other.job.spec.account == job.spec.account;
            let charge = job.charges.iter().find(|charge| is_other && other.job.knows_task(&charge.task))?;
            Some((other.job.id, charge.task.clone()))
        };
        let mut others = self.jobs.values().filter(|_| job.shares_task_with.is_none());
        let Some((other, task)) = others.find_map(shared) else { return };
        for (one, twin) in [(job.id, other), (other, job.id)] {
            let unmarked = self.jobs.get_mut(&one).filter(|record| record.job.shares_task_with.is_none());
            let Some(record) = unmarked else { continue };
            // Whoever holds it keeps its lease.
            Arc::make_mut(&mut record.job).shares_task_with = Some(twin);
            let (status, reason) = (record.job.status(), figures::shared(twin, &task).into());
            record.write(vec![HistoryNote { event: figures::SHARED, reason, worker: None, status }], self.now);
        }
    }
}
