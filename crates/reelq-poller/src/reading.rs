//! What a status reply means for the job: one event for each outcome.

use std::time::Duration;

use reelq_model::{Event, Failure, FailureKind, Job, RemoteTask, Setback, Settlement};
use reelq_provider::PollOutcome;
use reelq_worker::Backoff;

use crate::{
    Poller,
    strikes::{NO_OUTPUT, NOT_FOUND, Strikes},
};

/// Delays before a job whose task failed without charge is bought again.
const AGAIN: Backoff = Backoff { base: Duration::from_secs(2), cap: Duration::from_mins(5) };

/// No vendor keeps an output for longer.
const OUTPUTS_LAST: Duration = Duration::from_hours(8 * 24);

/// A task under the poller's eyes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'a> {
    pub(crate) job: &'a Job,
    pub(crate) task: &'a RemoteTask,
    /// Since its acceptance was recorded, by the store's time.
    pub(crate) age: Duration,
}

impl Poller {
    pub(crate) async fn read(&self, look: Look<'_>, outcome: PollOutcome) -> Event {
        match outcome {
            PollOutcome::Running { word, unknown_word, progress, wait } => {
                if unknown_word {
                    tracing::warn!(job = %look.job.id, word, "the provider used a status word that it does not document");
                }
                self.goes_on(look, Some(word), progress, wait)
            }
            PollOutcome::Finished { outputs, cost } if !outputs.is_empty() => {
                self.parts.schedule.note(&look.job.spec, look.age);
                reelq_worker::doubt_cost(look.job, cost);
                Event::Finished { outputs, cost }
            }
            PollOutcome::Finished { .. } | PollOutcome::FinishedEmpty => {
                self.struck(look, NO_OUTPUT, FailureKind::Provider, "the task succeeded without an output")
            }
            PollOutcome::Failed { failure, settlement, .. } | PollOutcome::SaysFailed { failure, settlement } => {
                self.failed(look, failure, settlement)
            }
            PollOutcome::Cancelled { settlement } => Event::Cancelled { settlement: Some(settlement) },
            PollOutcome::NotFound { .. } if look.age < self.parts.provider.capability().not_found_grace => {
                self.unanswered(look, Duration::ZERO)
            }
            PollOutcome::NotFound { .. } if self.asks_a_stranger(look) => {
                let job = look.job.id;
                tracing::warn!(%job, "no such task, but it was bought with another key or at another address");
                self.unanswered(look, self.parts.schedule.slow())
            }
            PollOutcome::NotFound { .. } => {
                self.struck(look, NOT_FOUND, FailureKind::Expired, "the provider no longer knows the task")
            }
            PollOutcome::Throttled(setback) => {
                let wait = self.pausing.throttled(&setback, look.job.setbacks).await;
                self.unanswered(look, wait)
            }
            PollOutcome::Blocked { reason, message } => {
                self.pausing.blocked(reason, &message).await;
                self.unanswered(look, self.parts.schedule.slow())
            }
            PollOutcome::Unclear(setback) => self.unclear(look, &setback),
        }
    }

    /// Nothing was learned.
    pub(crate) fn unclear(&self, look: Look<'_>, setback: &Setback) -> Event {
        tracing::debug!(job = %look.job.id, reason = setback.reason, "a status request brought nothing");
        let plan = self.parts.schedule.plan();
        let backoff = Backoff { base: plan.min, cap: plan.max.saturating_mul(2) };
        let ours = backoff.full_jitter(look.job.setbacks, &self.pausing.dice);
        self.unanswered(look, ours.max(setback.wait.unwrap_or_default()))
    }

    /// Whether the task was bought with another key or at another address, and may still have an output there.
    fn asks_a_stranger(&self, look: Look<'_>) -> bool {
        let other = |mark| self.parts.exchange.mark(look.job.id) != Some(mark);
        look.age < OUTPUTS_LAST && look.task.mark.is_some_and(other)
    }

    fn is_overdue(&self, look: Look<'_>) -> bool {
        look.age > self.parts.settings.running_timeout.0
    }

    fn next(&self, look: Look<'_>) -> Duration {
        let schedule = &self.parts.schedule;
        if self.is_overdue(look) { schedule.slow() } else { schedule.next(&look.job.spec, look.age) }
    }

    fn goes_on(&self, look: Look<'_>, word: Option<String>, progress: Option<u8>, wait: Option<Duration>) -> Event {
        let overdue = self.is_overdue(look);
        // The provider's own wish is respected even above the account's longest wait, never below its shortest.
        let next_poll = match wait {
            Some(wait) if !overdue => wait.max(self.parts.schedule.plan().min),
            _ => self.next(look).max(wait.unwrap_or_default()),
        };
        Event::Running { next_poll, word, progress, overdue, answered: true, trouble: None }
    }

    fn unanswered(&self, look: Look<'_>, at_least: Duration) -> Event {
        let next_poll = self.next(look).max(at_least);
        Event::Running {
            next_poll,
            word: None,
            progress: None,
            overdue: self.is_overdue(look),
            answered: false,
            trouble: None,
        }
    }

    /// An answer that is believed only when it is repeated.
    fn struck(&self, look: Look<'_>, strikes: Strikes, kind: FailureKind, message: &str) -> Event {
        match strikes.next(look.task.word.as_deref()) {
            // Slowly: a fault of the provider that lasts some minutes must not end what is paid for.
            Some(word) => self.goes_on(look, Some(word), look.task.progress, Some(self.parts.schedule.slow())),
            // Whatever became of it, nobody said that the money came back.
            None => Event::Failed {
                failure: Failure::new(kind, message),
                settlement: Settlement::Charged,
                retry_after: None,
            },
        }
    }

    fn failed(&self, look: Look<'_>, failure: Failure, settlement: Settlement) -> Event {
        // The record of an unexpected charge only follows that charge: it is never bought again.
        let again = failure.kind == FailureKind::Transient
            && settlement == Settlement::Refunded
            && look.job.retries < self.parts.retries
            && look.job.orphan_of.is_none();
        let retry_after = again.then(|| AGAIN.full_jitter(look.job.retries, &self.pausing.dice));
        Event::Failed { failure, settlement, retry_after }
    }
}
