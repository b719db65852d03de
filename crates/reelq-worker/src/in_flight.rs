//! The set of jobs that this process works on. The lease renewer extends the lease of each.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, OwnedSemaphorePermit};

use crate::leased_job::LeasedJob;

#[derive(Debug, Default)]
pub(crate) struct InFlightSet {
    entries: Mutex<Entries>,
    emptied: Notify,
}

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    jobs: HashMap<u64, Arc<LeasedJob>>,
}

/// One job of the set and its slot of a stage worker; dropping it frees both.
#[derive(Debug)]
pub(crate) struct InFlightEntry {
    in_flight: Arc<InFlightSet>,
    number: u64,
    _slot: OwnedSemaphorePermit,
}

impl InFlightSet {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enter(self: &Arc<Self>, leased: Arc<LeasedJob>, slot: OwnedSemaphorePermit) -> InFlightEntry {
        let mut entries = self.entries();
        let number = entries.next;
        entries.next = number.wrapping_add(1);
        entries.jobs.insert(number, leased);
        InFlightEntry { in_flight: Arc::clone(self), number, _slot: slot }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries().jobs.len()
    }

    pub(crate) fn all(&self) -> Vec<Arc<LeasedJob>> {
        self.entries().jobs.values().cloned().collect()
    }

    /// Waits until the last job of the set leaves it.
    pub(crate) async fn emptied(&self) {
        self.emptied.notified().await;
    }
}

impl Drop for InFlightEntry {
    fn drop(&mut self) {
        let mut entries = self.in_flight.entries();
        entries.jobs.remove(&self.number);
        if entries.jobs.is_empty() {
            self.in_flight.emptied.notify_one();
        }
    }
}
