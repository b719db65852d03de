//! What can be read from the store, without blocking the writers.

use std::collections::BTreeMap;

use reelq_model::{AccountName, BatchName, FailureKind, Job, JobId, Money, Stage, Status, Timestamp, WorkerId};
use serde::Serialize;

use crate::{AccountCap, AccountLimits, BatchDraft, Line, Pace, Pause};

/// Jobs counted by status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct StatusCounts(pub BTreeMap<Status, u64>);

impl StatusCounts {
    /// How many have this status.
    pub fn of(&self, status: Status) -> u64 {
        self.0.get(&status).copied().unwrap_or(0)
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Whether every one of them has ended.
    pub fn is_ended(&self) -> bool {
        self.0.iter().all(|(status, count)| status.is_terminal() || *count == 0)
    }

    /// How many will still move by themselves: they have not ended, and do not wait for a person.
    pub fn outstanding(&self) -> u64 {
        let waits = |status: &Status| !status.is_terminal() && *status != Status::Unconfirmed;
        self.0.iter().filter(|(status, _)| waits(status)).map(|(_, count)| count).sum()
    }
}

/// A batch and its sums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is told by itself, and all may hold at once")]
pub struct BatchView {
    /// The batch as its manifest describes it.
    #[serde(serialize_with = "BatchDraft::serialize_for_people")]
    pub batch: BatchDraft,
    /// Its first load has finished, so its jobs may be worked on.
    pub whole: bool,
    /// A person paused it.
    pub paused: bool,
    /// The jobs of its manifest's lines.
    pub counts: StatusCounts,
    /// Jobs without a line that still move or were bought, and charges that no one expected. They are followed, and shown after
    /// the rows.
    pub others: StatusCounts,
    /// What all its jobs were charged, refunds taken off.
    pub spent: Money,
    /// What is set aside for submissions whose charge is not known yet.
    pub reserved: Money,
    /// The catalogue's price of its jobs at `ready`. Jobs without a known price are left out.
    pub to_spend: Money,
    /// How many of its jobs have no known price or charge.
    pub unpriced: u64,
    /// Jobs wait at `ready` that no worker has, and its budget covers none of them. An unknown price is never covered.
    pub budget_reached: bool,
    /// How many charges no job expected.
    pub orphans: u64,
    /// How many of its tasks run past `running_timeout`.
    pub overdue: u64,
    /// How many of its queued jobs are held: no worker takes them before a person says so.
    pub held: u64,
    /// When the next link ends whose file is not stored yet.
    pub next_link_deadline: Option<Timestamp>,
    /// When its first load began.
    pub created_at: Timestamp,
    /// When the last of its jobs ended, or it was loaded where it has none; `None` while any may still move. A load that brings
    /// nothing new does not move it.
    pub finished_at: Option<Timestamp>,
    /// It is being purged: a part of its jobs may be gone.
    pub purging: bool,
    /// It is being cancelled: nothing of it is bought any more, and what it has queued is being withdrawn.
    pub cancelling: bool,
}

/// An account's shared state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountView {
    /// Its name.
    pub name: AccountName,
    /// What it allows; `None` where no one has set it.
    pub limits: Option<AccountLimits>,
    /// What was learned of the provider's own limits; nothing at first. Output shows only the numbers.
    #[serde(rename = "learned", serialize_with = "Pace::show")]
    pub pace: Pace,
    /// What holds it back now.
    pub pauses: Vec<Pause>,
    /// How many jobs are submitting, running, or claimed to be submitted.
    pub in_flight: u64,
    /// What the jobs of all batches were charged, purged ones included.
    pub spent: Money,
    /// What is set aside: for submissions whose charge is not known yet, and for jobs that are claimed to be submitted.
    pub reserved: Money,
    /// Of `spent`, what was charged on the present UTC day of the store's time.
    pub spent_today: Money,
    /// When the present day ends.
    pub day_ends: Timestamp,
    /// Batches that wait for its money, the oldest first.
    pub held: Vec<HeldBatch>,
    /// What of its record cannot be read. Where that is a limit, nothing is bought until its limits are set anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
}

/// A batch whose own budget would let it go on, but none of whose jobs that are ready fits into what its account has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldBatch {
    /// The batch.
    pub batch: BatchName,
    /// What holds it back.
    pub by: AccountCap,
    /// When it goes on by itself: the end of the day, where a whole day's budget covers one of its jobs.
    pub until: Option<Timestamp>,
}

/// A worker process that is, or was lately, alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkerView {
    /// Its name.
    pub id: WorkerId,
    /// When it last said that it lives.
    pub seen_at: Timestamp,
    /// How many leases it holds, those of tasks that it follows included.
    pub leases: u64,
}

/// One job with what the store knows around it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobView {
    /// The job.
    pub job: Job,
    /// Its line in the batch's manifest; `None` where the line is gone, or the job follows a charge that no one expected.
    pub line: Option<Line>,
    /// When it is due; `None` while a worker has it, and where nothing but an event brings work.
    pub due: Option<Timestamp>,
    /// Which worker has it.
    pub worker: Option<WorkerId>,
    /// It is to be cancelled: a person asked for it, or it stands at `ready` and its line is gone. Never of one that has ended.
    pub cancel_requested: bool,
    /// It waits for a person, after an event that could not happen to it: a bug.
    pub parked: bool,
    /// What of it cannot be read and is stood in for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<Unread>,
}

impl JobView {
    /// Whether the job itself cannot be read. Then [`JobView::job`] only stands in for it, and says nothing but its id and its
    /// batch.
    pub const fn is_unreadable(&self) -> bool {
        matches!(self.unread, Some(Unread::Job { .. }))
    }

    /// The job's status; `None` where it cannot be read, and nothing stored beside it says so either.
    pub fn status(&self) -> Option<Status> {
        match &self.unread {
            Some(Unread::Job { status, .. }) => *status,
            _ => Some(self.job.status()),
        }
    }
}

/// What of a row cannot be read, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unread {
    /// The job.
    Job {
        /// Why.
        reason: String,
        /// Its status, as far as the store knows it without reading the job.
        status: Option<Status>,
    },
    /// Its line of the manifest: the label and the columns that are carried through.
    Line(String),
}

/// A line for the result manifest: the job, its line, and the charges that it did not expect.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultLine {
    /// The job and its line.
    pub view: JobView,
    /// Records that follow unexpected second charges of this job.
    pub orphans: Vec<Job>,
    /// The last line that a job had whose line is gone, with its number of then; `None` for any other, and where it went
    /// before stores kept it.
    pub former: Option<Line>,
}

impl ResultLine {
    /// A job whose line is gone, read with the line that it had last.
    pub const fn of_gone(mut view: JobView, orphans: Vec<Job>) -> Self {
        let former = view.line.take();
        Self { view, orphans, former }
    }

    /// What the results repeat of the job's line, also of one that is gone.
    pub const fn labelled(&self) -> Option<&Line> {
        match &self.view.line {
            Some(line) => Some(line),
            None => self.former.as_ref(),
        }
    }
}

/// Which jobs are meant. An empty field means any. Several values of a field mean any of them, several fields all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Of this batch.
    pub batch: Option<BatchName>,
    /// Of this account.
    pub account: Option<AccountName>,
    /// With one of these statuses.
    pub statuses: Vec<Status>,
    /// Failed with one of these kinds.
    pub failures: Vec<FailureKind>,
    /// These jobs.
    pub ids: Vec<JobId>,
    /// These rows of the batch's manifest.
    pub rows: Vec<u64>,
}

impl JobFilter {
    /// Whether it means a job that [`JobFilter::ids`] names, or that is shown where they name none.
    pub fn passes(&self, view: &JobView) -> bool {
        let job = &view.job;
        let row = view.line.as_ref().map(|line| line.row);
        self.batch.as_ref().is_none_or(|batch| *batch == job.batch)
            && self.account.as_ref().is_none_or(|account| *account == job.spec.account)
            && (self.statuses.is_empty() || self.statuses.contains(&job.status()))
            && (self.rows.is_empty() || row.is_some_and(|row| self.rows.contains(&row)))
            && self.fails_as_wanted(view)
    }

    /// Whether it failed with one of these kinds, where any are named. Of one that cannot be read that is not known.
    pub fn fails_as_wanted(&self, view: &JobView) -> bool {
        let kind = match &view.job.stage {
            Stage::Failed { failure, .. } if !view.is_unreadable() => Some(failure.kind),
            _ => None,
        };
        self.failures.is_empty() || kind.is_some_and(|kind| self.failures.contains(&kind))
    }
}

/// A page of a batch's results: where to go on, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many lines to pass over: a position in the manifest.
    pub after: u64,
    /// At most this many.
    pub limit: usize,
}

/// What the store knows of a job that a manifest asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Its status. A job that cannot be read counts as unconfirmed and bought.
    pub status: Status,
    /// It was, or may have been, bought.
    pub bought: bool,
}

/// One entry of a job's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryEntry {
    /// When, by the store's time.
    pub at: Timestamp,
    /// The status after it.
    pub status: Status,
    /// The event's name, or a word of the store's own such as `lease_ended`. Polls without news are counted in the job, not listed.
    pub event: String,
    /// Whose commit it was; `None` where a person or the store did it.
    pub worker: Option<WorkerId>,
    /// Why.
    pub reason: String,
}
