//! A finished task goes on to a free collector of its account under the lease that it has: one claim less, and no wait for it.

use std::{sync::Arc, time::Duration};

use reelq_model::{BatchName, SharedClock};
use reelq_store::Lease;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::{Stopper, SubmissionGate, assignment::Assignment, in_flight::InFlightSet, leased_job::LeasedJob};

/// The way to an account's collector past its claims.
#[derive(Debug, Clone)]
pub(crate) struct Handover {
    pub(crate) slots: Arc<Semaphore>,
    /// Weak: whoever could still hand over must not keep a collector from its end.
    pub(crate) assignments: mpsc::WeakSender<Assignment>,
    /// How long a collector's leases last.
    pub(crate) lease: Duration,
    pub(crate) in_flight: Arc<InFlightSet>,
    pub(crate) clock: SharedClock,
    pub(crate) gate: Arc<SubmissionGate>,
    pub(crate) stopper: Stopper,
}

/// A collector's slot that is kept free for one job.
#[derive(Debug)]
pub(crate) struct Reserved {
    slot: OwnedSemaphorePermit,
    assignments: mpsc::Sender<Assignment>,
    /// How long the lease must last that is handed over.
    pub(crate) lease: Duration,
    in_flight: Arc<InFlightSet>,
    clock: SharedClock,
}

impl Handover {
    /// Keeps a slot for a job of the batch; `None` where none is free, nothing new is fetched for the batch, or the runtime
    /// stops.
    pub(crate) fn reserve(&self, batch: &BatchName) -> Option<Reserved> {
        if self.stopper.is_stopping() || self.gate.closed_places().contains(batch) {
            return None;
        }
        Some(Reserved {
            slot: Arc::clone(&self.slots).try_acquire_owned().ok()?,
            assignments: self.assignments.upgrade()?,
            lease: self.lease,
            in_flight: Arc::clone(&self.in_flight),
            clock: Arc::clone(&self.clock),
        })
    }
}

impl Reserved {
    /// Hands the job over, whose lease was asked for at `asked`; the lease comes back where the collector has ended.
    pub(crate) fn enter(self, lease: Lease, asked: Duration) -> Result<(), Lease> {
        let leased = Arc::new(LeasedJob::new(self.clock, lease, asked));
        let entry = Some(self.in_flight.enter(Arc::clone(&leased), self.slot));
        // There is room for as many as there are slots.
        self.assignments.try_send(Assignment { leased, entry }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(refused) | mpsc::error::TrySendError::Closed(refused) => {
                refused.leased.lease()
            }
        })
    }
}
