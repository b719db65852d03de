//! Acceptances on their way into the store. One that never gets there leaves its task in the log, for `reelq resolve`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use reelq_model::{Event, JobId, TaskId};
use reelq_store::Lease;

/// The acceptances that are not in the store yet.
#[derive(Debug, Default)]
pub(crate) struct UnpersistedAcceptances(Mutex<Tasks>);

#[derive(Debug, Default)]
struct Tasks {
    next: u64,
    tasks: BTreeMap<u64, (JobId, TaskId)>,
}

/// One event. An acceptance that is dropped before it is in the store is logged.
#[derive(Debug)]
pub(crate) struct TrackedEvent {
    unpersisted: Arc<UnpersistedAcceptances>,
    number: Option<u64>,
}

impl UnpersistedAcceptances {
    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.tasks().tasks.len()
    }

    pub(crate) fn track(self: &Arc<Self>, lease: &Lease, event: &Event) -> TrackedEvent {
        let number = match event {
            Event::Accepted { acceptance, .. } => {
                let mut tasks = self.tasks();
                let number = tasks.next;
                tasks.next = number.wrapping_add(1);
                tasks.tasks.insert(number, (lease.job.id, acceptance.task.clone()));
                Some(number)
            }
            _ => None,
        };
        TrackedEvent { unpersisted: Arc::clone(self), number }
    }

    /// Logs whatever is left, because the process ends.
    pub(crate) fn log_all(&self) {
        for (job, task) in std::mem::take(&mut self.tasks().tasks).into_values() {
            log(job, &task);
        }
    }
}

impl TrackedEvent {
    /// It is in the store.
    pub(crate) fn persisted(self) {
        if let Some(number) = self.number {
            self.unpersisted.tasks().tasks.remove(&number);
        }
    }
}

impl Drop for TrackedEvent {
    fn drop(&mut self) {
        let left = self.number.and_then(|number| self.unpersisted.tasks().tasks.remove(&number));
        if let Some((job, task)) = left {
            log(job, &task);
        }
    }
}

fn log(job: JobId, task: &TaskId) {
    tracing::error!(
        %job,
        %task,
        "the provider accepted the job, and the store could not record it; a journal restores it at the next start, otherwise note the task for `reelq resolve`"
    );
}
