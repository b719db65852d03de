//! What can be read from the store, without blocking the writers.

use std::collections::BTreeMap;

use reelq_model::{AccountName, BatchName, FailureKind, Job, JobId, Money, Status, Timestamp, WorkerId};
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

    /// How many will still move by themselves: neither ended nor waiting for a person.
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
    pub batch: BatchDraft,
    /// Its first load has finished: its jobs may be worked on.
    pub whole: bool,
    /// A person paused it.
    pub paused: bool,
    /// The jobs of its manifest's lines.
    pub counts: StatusCounts,
    /// Jobs whose line is gone but that were bought, and charges nobody expected: followed, and shown after the rows.
    pub others: StatusCounts,
    /// Money taken, refunds taken off, over all its jobs.
    pub spent: Money,
    /// Money set aside for submissions whose charge is not known yet.
    pub reserved: Money,
    /// The catalogue's price of the jobs that were not submitted yet; jobs without a known price are left out.
    pub to_spend: Money,
    /// Jobs whose price or charge is not known.
    pub unpriced: u64,
    /// Its budget does not cover the next job's price.
    pub budget_reached: bool,
    /// Charges that no job expected.
    pub orphans: u64,
    /// Tasks that run past `running_timeout`.
    pub overdue: u64,
    /// When the next link dies whose file is not stored yet.
    pub next_link_deadline: Option<Timestamp>,
    /// When it was first loaded.
    pub created_at: Timestamp,
    /// When the last of its jobs ended (where it has none, when it was loaded); `None` while any of them may still move.
    pub finished_at: Option<Timestamp>,
    /// It is being removed: a part of its jobs may be gone.
    pub purging: bool,
    /// It is being cancelled: nothing of it is bought any more, and what it has queued is withdrawn.
    pub cancelling: bool,
}

/// An account's shared state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountView {
    /// Its name.
    pub name: AccountName,
    /// What it allows; `None` where no worker has said.
    pub limits: Option<AccountLimits>,
    /// What was learned of the provider's own limits; nothing at first. Only the numbers are shown.
    #[serde(rename = "learned", serialize_with = "Pace::show")]
    pub pace: Pace,
    /// What holds it back now.
    pub pauses: Vec<Pause>,
    /// Jobs submitting or running, and claimed to be.
    pub in_flight: u64,
    /// Money taken over all batches.
    pub spent: Money,
    /// Money set aside: for submissions whose charge is not known yet, and for jobs that were claimed to be submitted.
    pub reserved: Money,
    /// Of `spent`, what was charged on the present UTC day of the store's time.
    pub spent_today: Money,
    /// When the present day ends.
    pub day_ends: Timestamp,
    /// Batches that wait for its money.
    pub held: Vec<HeldBatch>,
    /// What of its record cannot be read. Where that is a limit, nothing is bought until a run sets its limits anew.
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
    /// Leases it holds.
    pub leases: u64,
}

/// One job with what the store knows around it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobView {
    /// The job.
    pub job: Job,
    /// Its line in the batch's manifest; `None` where the line is gone, or it follows a charge nobody expected.
    pub line: Option<Line>,
    /// When it will be looked at again.
    pub due: Option<Timestamp>,
    /// Who has it in hand.
    pub worker: Option<WorkerId>,
    /// A person asked for it to be cancelled.
    pub cancel_requested: bool,
    /// Parked after an event that could not happen to it (a bug).
    pub parked: bool,
    /// What of it cannot be read, and is stood in for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<Unread>,
}

impl JobView {
    /// Whether the job itself cannot be read: then [`JobView::job`] only stands in for it, and says nothing of it but its
    /// id and its batch.
    pub const fn is_unreadable(&self) -> bool {
        matches!(self.unread, Some(Unread::Job { .. }))
    }

    /// Where the job stands; `None` where it cannot be read, and nothing beside it says so either.
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
        /// Where it stands, as far as the store can tell without reading it.
        status: Option<Status>,
    },
    /// Its line of the manifest: the label and the columns that are carried along.
    Line(String),
}

/// A line of the result manifest to be: the job, its line, and the charges that it did not expect.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultLine {
    /// The job and its line.
    pub view: JobView,
    /// Records that follow unexpected second charges of this job.
    pub orphans: Vec<Job>,
}

/// Which jobs are meant. Empty fields mean any; several statuses or kinds mean any of them.
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

/// A page of a listing: where to go on, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Entries to pass over; for listings in manifest order this is a position.
    pub after: u64,
    /// At most this many.
    pub limit: usize,
}

/// What the store knows of a job id that a manifest asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Where it stands.
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
    /// The event's name. Status requests that brought nothing new are counted in the job, not listed.
    pub event: String,
    /// Whose commit it was; `None` where a person or the store did it.
    pub worker: Option<WorkerId>,
    /// Why.
    pub reason: String,
}
