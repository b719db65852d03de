//! A job's record, and what an applied change makes of it.

use std::{borrow::Cow, sync::Arc};

use reelq_model::{Job, Timestamp, WorkerId};
use reelq_store::{
    HistoryEntry,
    rules::{bounds, cancel::CancelWish, queue::Queue},
    transition::{Change, HistoryNote, LeaseStep, StoredJob},
};

/// Entries that are kept of one job's history: the newest.
const HISTORY_KEPT: usize = 64;

/// A job and what the store keeps around it. A clone is cheap: verbs judge one, and write what came of it.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub job: Arc<Job>,
    pub version: u64,
    pub due: Option<Timestamp>,
    pub worker: Option<WorkerId>,
    pub lease_until: Option<Timestamp>,
    pub cancel: CancelWish,
    pub parked: bool,
    /// Where its line stands in its batch's manifest.
    pub position: Option<usize>,
    /// Its age among all jobs.
    pub serial: i64,
}

impl Record {
    pub(super) fn new(job: Job, position: Option<usize>, serial: i64, now: Timestamp) -> Self {
        let job = Arc::new(bounds::sound(job));
        let (worker, lease_until, cancel) = (None, None, CancelWish::NONE);
        Self { job, version: 1, due: Some(now), worker, lease_until, cancel, parked: false, position, serial }
    }

    /// The record as the contract's rules read it.
    pub(super) fn stored(&self) -> StoredJob<'_> {
        StoredJob {
            job: &self.job,
            version: self.version,
            due: self.due,
            lease_until: self.lease_until,
            cancel: self.cancel,
            parked: self.parked,
            listed: self.position.is_some(),
        }
    }

    pub(super) fn queue(&self, now: Timestamp) -> Queue {
        Queue::of(&self.stored(), now)
    }

    /// The record as a change leaves it.
    pub(super) fn after(&self, change: &Change<'_>, now: Timestamp) -> Self {
        let before = self.stored();
        let left = change.leaves(&before, now);
        let worker = self.worker.clone().filter(|_| change.lease != LeaseStep::Ends);
        let StoredJob { version, due, lease_until, cancel, parked, .. } = left;
        Self { job: Arc::new(left.job.clone()), version, due, worker, lease_until, cancel, parked, ..*self }
    }
}

/// Adds entries to a history, the oldest of which go once there are too many.
pub(super) fn write_history(history: &mut Vec<HistoryEntry>, notes: Vec<HistoryNote<'_>>, at: Timestamp) {
    history.extend(notes.into_iter().map(|note| HistoryEntry {
        at,
        status: note.status,
        event: note.event.to_owned(),
        worker: note.worker.map(Cow::into_owned),
        reason: note.reason.into_owned(),
    }));
    history.drain(..history.len().saturating_sub(HISTORY_KEPT));
}
