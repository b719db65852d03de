//! Yeses on their way into the store. One that never gets there leaves its task in the log, for `reelq resolve`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use reelq_model::{Event, JobId, TaskId};
use reelq_store::Lease;

/// The yeses that the store has not been told yet.
#[derive(Debug, Default)]
pub(crate) struct Untold(Mutex<Tasks>);

#[derive(Debug, Default)]
struct Tasks {
    next: u64,
    tasks: BTreeMap<u64, (JobId, TaskId)>,
}

/// One event; where it is a yes and is dropped before the store was told, the log keeps it.
#[derive(Debug)]
pub(crate) struct Telling {
    untold: Arc<Untold>,
    number: Option<u64>,
}

impl Untold {
    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.tasks().tasks.len()
    }

    pub(crate) fn hold(self: &Arc<Self>, lease: &Lease, event: &Event) -> Telling {
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
        Telling { untold: Arc::clone(self), number }
    }

    /// Tells the log whatever is left, because the process ends.
    pub(crate) fn give_up(&self) {
        for (job, task) in std::mem::take(&mut self.tasks().tasks).into_values() {
            tell(job, &task);
        }
    }
}

impl Telling {
    /// The store knows it.
    pub(crate) fn told(self) {
        if let Some(number) = self.number {
            self.untold.tasks().tasks.remove(&number);
        }
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        let left = self.number.and_then(|number| self.untold.tasks().tasks.remove(&number));
        if let Some((job, task)) = left {
            tell(job, &task);
        }
    }
}

fn tell(job: JobId, task: &TaskId) {
    tracing::error!(
        %job,
        %task,
        "the provider took the job, and the store could not be told; a journal tells it at the next start, else note the task for `reelq resolve`"
    );
}
