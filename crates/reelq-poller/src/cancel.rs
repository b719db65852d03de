//! Asks the provider to withdraw a task that is not wanted any more.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use reelq_model::{Event, JobId, TaskId};
use reelq_provider::{CancelOutcome, Provider};
use reelq_worker::Exchange;

/// The list forgets everything rather than grow past this.
const REMEMBERED: usize = 10_000;

/// Jobs whose task was too far on to be withdrawn: they are not asked about again.
#[derive(Debug, Default)]
pub(crate) struct TooLate {
    jobs: Mutex<HashSet<JobId>>,
}

impl TooLate {
    fn holds(&self, job: JobId) -> bool {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).contains(&job)
    }

    fn add(&self, job: JobId) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.len() >= REMEMBERED {
            jobs.clear();
        }
        jobs.insert(job);
    }

    /// Asks once; `None` where the task goes on and is to be looked at as usual.
    pub(crate) async fn withdraw(
        &self,
        provider: &dyn Provider,
        exchange: &dyn Exchange,
        job: JobId,
        task: &TaskId,
    ) -> Option<Event> {
        if !provider.capability().cancel || self.holds(job) {
            return None;
        }
        let request = provider.cancel(task)?;
        let reply = match exchange.call(&request).await {
            Ok(reply) => reply,
            Err(setback) => {
                tracing::info!(%job, reason = setback.reason, "the cancel request brought no answer");
                return None;
            }
        };
        match provider.cancelled(&reply) {
            CancelOutcome::Cancelled { settlement } => Some(Event::Cancelled { settlement: Some(settlement) }),
            CancelOutcome::TooLate => {
                self.add(job);
                None
            }
            CancelOutcome::Unclear(_) => None,
        }
    }
}
