//! What a status reply means for the job: one event for each outcome.

use std::time::Duration;

use reelq_model::{
    BlockReason, Event, Failure, FailureKind, OUTPUTS_LAST_MAX, OutputLink, Setback, Settlement, Trouble, TroubleKind,
};
use reelq_provider::PollOutcome;
use reelq_worker::Backoff;

use crate::{
    Poller,
    ends::{End, rarely, told},
    look::Look,
};

/// The provider's own wish for the next look counts up to this many times the account's longest wait: one header must
/// not let a link die.
const WISH: u32 = 10;

/// A row goes back so often for what its account is to blame for, beside its own retries: whatever a provider calls the
/// account's fault, nothing is bought without end.
const PUT_BACK_MAX: u32 = 3;

impl Poller {
    pub(crate) async fn read(&self, look: Look<'_>, outcome: PollOutcome) -> Event {
        match outcome {
            PollOutcome::Running { word, unknown_word, progress, wait } => {
                if unknown_word && self.words.add((look.job.id, word.clone())) {
                    tracing::warn!(job = %look.job.id, word, "the provider used a status word that it does not document");
                }
                self.goes_on(look, word, progress, wait)
            }
            PollOutcome::Finished { outputs, cost } if !outputs.is_empty() => {
                self.parts.schedule.note(&look.job.spec, look.age);
                reelq_worker::warn_of_unbelievable_cost(look.job, cost);
                Event::Finished { outputs: self.resolved(outputs), cost }
            }
            PollOutcome::Finished { .. } | PollOutcome::FinishedEmpty => self.repeated(look, End::no_output()),
            PollOutcome::Failed { failure, settlement, cost, blocks } => {
                let end = End::failed(failure, settlement, cost);
                match blocks {
                    None => self.plain(look, end),
                    Some(reason) => self.failed_by_account(look, end, reason).await,
                }
            }
            PollOutcome::SaysFailed { failure, settlement, cost } => {
                self.repeated(look, End::failed(failure, settlement, cost))
            }
            PollOutcome::Cancelled { settlement } => self.withdrawn(look, settlement),
            PollOutcome::NotFound { message } => self.not_found(look, &message),
            PollOutcome::Throttled(setback) => self.throttled(look, setback).await,
            PollOutcome::Blocked { reason, message } => self.refused(look, reason, &message).await,
            PollOutcome::Unclear(setback) => self.unclear(look, &setback),
        }
    }

    /// Links that name no host are the provider's own.
    fn resolved(&self, outputs: Vec<OutputLink>) -> Vec<OutputLink> {
        let resolve = |link: OutputLink| OutputLink { url: self.parts.exchange.resolve(&link.url), ..link };
        outputs.into_iter().map(resolve).collect()
    }

    /// The provider says that the task is withdrawn. Where nobody asked for that, it is believed only when it is repeated,
    /// and then it is the provider's failure.
    fn withdrawn(&self, look: Look<'_>, settlement: Settlement) -> Event {
        if look.is_unwanted || look.task.buy_again || look.task.only_looked_at || look.has_succeeded() {
            return self.cancelled(look, settlement);
        }
        let failure =
            Failure::new(FailureKind::Provider, "the provider withdrew the task, and nobody had asked for it");
        self.repeated(look, End::failed(failure, settlement, None))
    }

    /// The provider withdrew the task.
    pub(crate) fn cancelled(&self, look: Look<'_>, settlement: Settlement) -> Event {
        if look.awaited().is_none() {
            return Event::Cancelled { settlement: Some(settlement) };
        }
        let failure = Failure::new(FailureKind::Provider, "the provider says that it withdrew the task");
        self.plain(look, End::failed(failure, settlement, None))
    }

    /// The account is what failed, not the row: nothing more is bought on it before a person acts, and the row then goes
    /// on, whatever its retries.
    async fn failed_by_account(&self, look: Look<'_>, end: End, reason: BlockReason) -> Event {
        self.pauser.blocked(reason, &end.failure.message).await;
        let goes_back = end.settlement == Settlement::Refunded
            && !look.has_succeeded()
            && look.job.retries < self.parts.retries.saturating_add(PUT_BACK_MAX)
            && look.job.orphan_of.is_none()
            && !look.task.buy_again
            && !look.task.only_looked_at;
        if !goes_back {
            return self.plain(look, end);
        }
        let End { failure, settlement, cost, .. } = end;
        Event::Failed { failure, settlement, cost, retry_after: Some(self.parts.schedule.plan().min) }
    }

    fn not_found(&self, look: Look<'_>, message: &str) -> Event {
        let grace = self.parts.provider.capability().not_found_grace.min(self.parts.settings.patience.0);
        if look.age < grace && !look.has_succeeded() {
            let trouble = Trouble::new(TroubleKind::Status, told("the provider does not know the task yet", message));
            return self.unanswered(look, Duration::ZERO, Some(trouble));
        }
        if self.asks_a_stranger(look) {
            let reason = told("no such task, but it was bought with another key or at another address", message);
            if self.reasons.add(reason.clone()) {
                tracing::warn!(job = %look.job.id, reason, "the task is not there to be asked about");
            }
            return self.status_trouble(look, reason, self.parts.schedule.slow());
        }
        self.repeated(look, End::not_found(message))
    }

    /// Whether the task was bought with another key or at another address, and may still have an output there.
    fn asks_a_stranger(&self, look: Look<'_>) -> bool {
        let other = |mark| self.parts.exchange.mark(look.job.id) != Some(mark);
        look.age < OUTPUTS_LAST_MAX && look.task.mark.is_some_and(other)
    }

    /// The account's trouble, which its pause tells: no trouble of this task.
    async fn throttled(&self, look: Look<'_>, setback: Setback) -> Event {
        let setback = Setback { wait: setback.wait.map(|wait| self.bounded(wait)), ..setback };
        let ours = self.pauser.throttled(&setback, look.job.setbacks).await;
        self.unanswered(look, ours.max(setback.wait.unwrap_or_default()), None)
    }

    /// One task's refusal is that task's, unless a second request says the same of the account.
    async fn refused(&self, look: Look<'_>, reason: BlockReason, message: &str) -> Event {
        let is_accounts = self.account_is_refused(look, reason, message).await;
        if is_accounts {
            self.parts.metrics.polls_are_refused(true);
            let trouble = Trouble::new(TroubleKind::Status, message);
            // Not ever longer: once a person has mended the account, all of them are looked at soon.
            return self.unanswered(look, self.parts.schedule.slow(), Some(trouble));
        }
        self.status_trouble(look, message.to_owned(), self.parts.schedule.slow())
    }

    /// Nothing was learned.
    pub(crate) fn unclear(&self, look: Look<'_>, setback: &Setback) -> Event {
        let (job, reason) = (look.job.id, &setback.reason);
        if self.reasons.add(reason.clone()) {
            tracing::warn!(%job, reason, "a status request brought nothing");
        } else {
            tracing::debug!(%job, reason, "a status request brought nothing");
        }
        let plan = self.parts.schedule.plan();
        let backoff = Backoff { base: plan.min, cap: plan.max.saturating_mul(2) };
        let ours = backoff.full_jitter(look.job.setbacks, &self.pauser.rng);
        let asked = setback.wait.map(|wait| self.bounded(wait)).unwrap_or_default();
        self.status_trouble(look, reason.clone(), ours.max(asked))
    }

    /// A status request that told nothing of the task. Looks become rarer for as long as that lasts.
    fn status_trouble(&self, look: Look<'_>, reason: String, at_least: Duration) -> Event {
        let trouble = Trouble::new(TroubleKind::Status, reason);
        let lasted = look.troubles_with(&trouble).lasted();
        self.unanswered(look, rarely(look, lasted / 4, at_least), Some(trouble))
    }

    fn is_overdue(&self, look: Look<'_>) -> bool {
        look.age > self.parts.settings.running_timeout.0
    }

    /// The usual wait; ever longer past the time for which a provider keeps a task.
    fn next(&self, look: Look<'_>) -> Duration {
        let schedule = &self.parts.schedule;
        if !self.is_overdue(look) {
            return schedule.next(&look.job.spec, look.age);
        }
        rarely(look, look.age.saturating_sub(self.lifetime()) / 2, schedule.slow())
    }

    fn bounded(&self, wish: Duration) -> Duration {
        wish.min(self.parts.schedule.plan().max.saturating_mul(WISH))
    }

    fn goes_on(&self, look: Look<'_>, word: String, progress: Option<u8>, wait: Option<Duration>) -> Event {
        let overdue = self.is_overdue(look);
        let wait = wait.map(|wait| self.bounded(wait));
        // The provider's own wish is respected even above the account's longest wait, never below its shortest.
        let next_poll = match wait {
            Some(wait) if !overdue => wait.max(self.parts.schedule.plan().min),
            _ => self.next(look).max(wait.unwrap_or_default()),
        };
        Event::Running { next_poll, word: Some(word), progress, overdue, answered: true, trouble: None }
    }

    /// An answer that does not end the job; the task's word stays the last that it was heard to have.
    pub(crate) fn goes_wrong(&self, look: Look<'_>, trouble: Trouble, next_poll: Duration) -> Event {
        let (word, progress) = (look.task.word.clone(), look.task.progress);
        let overdue = self.is_overdue(look);
        Event::Running { next_poll, word, progress, overdue, answered: true, trouble: Some(trouble) }
    }

    fn unanswered(&self, look: Look<'_>, at_least: Duration, trouble: Option<Trouble>) -> Event {
        let next_poll = self.next(look).max(at_least);
        // A row of answers that would end the job goes on through requests that told nothing.
        let trouble = trouble.filter(|_| !look.counts_an_end());
        let overdue = self.is_overdue(look);
        Event::Running { next_poll, word: None, progress: None, overdue, answered: false, trouble }
    }
}
