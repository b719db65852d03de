//! A change of one job, complete.

use std::{borrow::Cow, time::Duration};

use reelq_model::{Event, Job, Timestamp, Wake, WorkerId};

use super::StoredJob;
use crate::{
    HistoryEntry,
    rules::{
        bounds,
        cancel::{CancelWish, DroppedWishes},
        queue,
    },
};

/// What becomes of a job's lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseStep {
    /// It ends. A job that still has work to be done on it is due at once unless it waits for something.
    Ends,
    /// It is kept for so long from now.
    Lasts(Duration),
    /// The task stays with its worker, as long as that one follows tasks.
    Follows,
    /// It stays as it is, with its version.
    Untouched,
}

/// An entry of a job's history. Its status is the job's after the change, but where it names another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryNote<'a> {
    /// What happened.
    pub event: &'static str,
    /// Why, in free text.
    pub reason: Cow<'a, str>,
    /// Who did it; `None` for people and for the store itself.
    pub worker: Option<Cow<'a, WorkerId>>,
    /// The job's status when it was written.
    pub status: reelq_model::Status,
}

impl<'a> HistoryNote<'a> {
    /// What an event writes down that made `job` what it is.
    pub fn of(event: &Event, worker: Option<&'a WorkerId>, job: &Job) -> Self {
        let worker = worker.map(Cow::Borrowed);
        Self { event: event.name(), reason: event.reason().into(), worker, status: job.status() }
    }
}

impl HistoryNote<'_> {
    /// The entry as it is listed, which was written `at` that time.
    pub fn into_entry(self, at: Timestamp) -> HistoryEntry {
        let Self { event, reason, worker, status } = self;
        let worker = worker.map(Cow::into_owned);
        HistoryEntry { at, status, event: event.to_owned(), worker, reason: reason.into_owned() }
    }

    fn into_owned(self) -> HistoryNote<'static> {
        let Self { event, reason, worker, status } = self;
        let worker = worker.map(|worker| Cow::Owned(worker.into_owned()));
        HistoryNote { event, reason: Cow::Owned(reason.into_owned()), worker, status }
    }
}

/// What a verb makes of one job.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<'a> {
    /// The job as it becomes.
    pub job: Cow<'a, Job>,
    /// When it is due; `None` where that stays as it was.
    pub wake: Option<Wake>,
    /// It waits for a person.
    pub parked: bool,
    /// What becomes of its lease.
    pub lease: LeaseStep,
    /// Wishes to cancel it that are dropped.
    pub dropped: DroppedWishes,
    /// Entries of its history, the oldest first.
    pub history: Vec<HistoryNote<'a>>,
}

impl<'a> Change<'a> {
    /// An event that was applied. The lease ends.
    pub(super) fn applied(applied: reelq_model::Applied) -> Self {
        Self {
            wake: Some(applied.wake),
            parked: false,
            lease: LeaseStep::Ends,
            dropped: DroppedWishes::over(&applied.job.stage),
            history: Vec::new(),
            job: Cow::Owned(applied.job),
        }
    }

    /// The job stays as it is. The lease ends.
    pub const fn nothing(stored: &StoredJob<'a>) -> Self {
        Self {
            job: Cow::Borrowed(stored.job),
            wake: None,
            parked: stored.parked,
            lease: LeaseStep::Ends,
            dropped: DroppedWishes::NONE,
            history: Vec::new(),
        }
    }

    /// Whether the job ends with it, so that a batch that is being purged allows it on a person's word.
    pub fn ends_job(&self) -> bool {
        self.job.stage.is_terminal()
    }

    /// The change where the task does not stay with its worker: it is given back with its due time.
    #[must_use]
    pub fn unfollowed(self) -> Self {
        let lease = if self.lease == LeaseStep::Follows { LeaseStep::Ends } else { self.lease };
        Self { lease, ..self }
    }

    pub(super) fn noting(mut self, note: HistoryNote<'a>) -> Self {
        self.history.push(note);
        self
    }

    /// Withdraws the job in the same step where the wish to cancel it can now be granted.
    pub(super) fn or_withdrawn(self, now: Timestamp, cancel: CancelWish) -> Self {
        let left = cancel.without(self.dropped);
        if !left.is_due(&self.job.stage) {
            return self;
        }
        // A job at `ready` can always be cancelled.
        let Ok(applied) = self.job.apply(super::lease::CANCELLED, now) else { return self };
        let note = super::lease::withdrawal_note(&applied.job, left);
        let (dropped, mut history) = (self.dropped, self.history);
        history.push(note);
        let withdrawn = Self::applied(applied);
        Self { dropped: dropped.and(withdrawn.dropped), history, ..withdrawn }
    }

    /// The change, borrowing nothing of the record that it was worked out from.
    pub fn into_owned(self) -> Change<'static> {
        let Self { job, wake, parked, lease, dropped, history } = self;
        let history = history.into_iter().map(HistoryNote::into_owned).collect();
        Change { job: Cow::Owned(job.into_owned()), wake, parked, lease, dropped, history }
    }

    /// The record as the change leaves it, for an engine whose records the change is written to as a whole.
    pub fn leaves<'b>(&'b self, before: &StoredJob<'_>, now: Timestamp) -> StoredJob<'b> {
        let (version, lease_until) = match self.lease {
            LeaseStep::Ends => (before.version.saturating_add(1), None),
            LeaseStep::Lasts(lasts) => (before.version.saturating_add(1), Some(now.after(lasts))),
            LeaseStep::Follows => (before.version.saturating_add(1), Some(bounds::FOLLOWED)),
            LeaseStep::Untouched => (before.version, before.lease_until),
        };
        let due = match self.wake {
            None => before.due,
            Some(Wake::Now) => Some(now),
            Some(Wake::After(wait)) => Some(now.after(wait)),
            Some(Wake::Never) => None,
        };
        let ends = matches!(self.lease, LeaseStep::Ends);
        let is_free = ends && !self.parked && queue::has_work(&self.job.stage);
        StoredJob {
            job: &self.job,
            version,
            due: if is_free { due.or(Some(now)) } else { due },
            lease_until,
            cancel: before.cancel.without(self.dropped),
            parked: self.parked,
            listed: before.listed,
        }
    }
}
