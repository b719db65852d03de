//! What a status reply means for the job: one event for each outcome.

use std::time::Duration;

use reelq_model::{
    BlockReason, Event, Failure, FailureKind, OUTPUTS_LAST_MAX, OutputLink, Setback, Settlement, Trouble, TroubleKind,
};
use reelq_provider::PollOutcome;
use reelq_worker::Backoff;

use crate::{
    Poller,
    ends::{End, rarely, with_message},
    poll_context::PollContext,
};

/// The provider's own wish for the next poll counts up to this many times the account's longest wait: one header must
/// not let a link die.
const WISH: u32 = 10;

/// A row goes back for what its account is to blame for until so many more than its retries are spent; both are one count: whatever a provider calls the
/// account's fault, nothing is bought without end.
const PUT_BACK_MAX: u32 = 3;

impl Poller {
    pub(crate) async fn event_of(&self, poll: PollContext<'_>, outcome: PollOutcome) -> Event {
        match outcome {
            PollOutcome::Running { word, unknown_word, progress, wait } => {
                if unknown_word && self.words.add((poll.job.id, word.clone())) {
                    tracing::warn!(job = %poll.job.id, word, "the provider used a status word that it does not document");
                }
                self.still_running(poll, word, progress, wait)
            }
            PollOutcome::Finished { outputs, cost, ran } if !outputs.is_empty() => {
                self.parts.schedule.note(&poll.job.spec, poll.age, ran);
                reelq_worker::warn_of_unbelievable_cost(poll.job, cost);
                Event::Finished { outputs: self.resolved(outputs), cost }
            }
            PollOutcome::Finished { .. } | PollOutcome::FinishedEmpty => self.repeated(poll, End::no_output()),
            PollOutcome::Failed { failure, settlement, cost, blocks } => {
                let end = End::failed(failure, settlement, cost);
                match blocks {
                    None => self.plain(poll, end),
                    Some(reason) => self.failed_by_account(poll, end, reason).await,
                }
            }
            PollOutcome::SaysFailed { failure, settlement, cost } => {
                self.repeated(poll, End::failed(failure, settlement, cost))
            }
            PollOutcome::Cancelled { settlement } => self.withdrawn(poll, settlement),
            PollOutcome::NotFound { message } => self.not_found(poll, &message),
            PollOutcome::Throttled(setback) => self.throttled(poll, &setback).await,
            PollOutcome::Blocked { reason, message } => self.refused(poll, reason, &message).await,
            PollOutcome::Unclear(setback) => self.unclear(poll, &setback),
        }
    }

    /// Links that name no host are the provider's own.
    fn resolved(&self, outputs: Vec<OutputLink>) -> Vec<OutputLink> {
        let resolve = |link: OutputLink| OutputLink { url: self.parts.exchange.resolve(&link.url), ..link };
        outputs.into_iter().map(resolve).collect()
    }

    /// The provider says that the task is withdrawn. Where no one asked for that, it is believed only when it is repeated,
    /// and then it is the provider's failure.
    fn withdrawn(&self, poll: PollContext<'_>, settlement: Settlement) -> Event {
        if poll.is_unwanted || poll.task.buy_again || poll.task.only_looked_at || poll.has_succeeded() {
            return self.cancelled(poll, settlement);
        }
        let failure =
            Failure::new(FailureKind::Provider, "the provider withdrew the task, and no one had asked for it");
        self.repeated(poll, End::failed(failure, settlement, None))
    }

    /// The provider withdrew the task.
    pub(crate) fn cancelled(&self, poll: PollContext<'_>, settlement: Settlement) -> Event {
        if poll.awaited().is_none() {
            return Event::Cancelled { settlement: Some(settlement) };
        }
        let failure = Failure::new(FailureKind::Provider, "the provider says that it withdrew the task");
        self.plain(poll, End::failed(failure, settlement, None))
    }

    /// The account is what failed, not the row: nothing more is bought on it before a person acts, and the row then goes
    /// on, whatever its retries.
    async fn failed_by_account(&self, poll: PollContext<'_>, end: End, reason: BlockReason) -> Event {
        self.pauser.blocked(reason, &end.failure.message).await;
        let goes_back = end.settlement == Settlement::Refunded
            && !poll.has_succeeded()
            && poll.job.retries < self.parts.retries.saturating_add(PUT_BACK_MAX)
            && poll.job.orphan_of.is_none()
            && !poll.task.buy_again
            && !poll.task.only_looked_at;
        if !goes_back {
            return self.plain(poll, end);
        }
        let End { failure, settlement, cost, .. } = end;
        Event::Failed { failure, settlement, cost, retry_after: Some(self.parts.schedule.plan().min) }
    }

    fn not_found(&self, poll: PollContext<'_>, message: &str) -> Event {
        let grace = self.parts.provider.capability().not_found_grace.min(self.parts.settings.patience.0);
        if poll.age < grace && !poll.has_succeeded() {
            let trouble =
                Trouble::new(TroubleKind::Status, with_message("the provider does not know the task yet", message));
            return self.unanswered(poll, Duration::ZERO, Some(trouble));
        }
        if self.asks_another_account(poll) {
            let reason =
                with_message("no such task, but it was bought with another key or at another address", message);
            if self.reasons.add(reason.clone()) {
                tracing::warn!(job = %poll.job.id, reason, "the task is not there to be asked about");
            }
            return self.status_trouble(poll, reason, self.parts.schedule.slow());
        }
        self.repeated(poll, End::not_found(message))
    }

    /// Whether the task was bought with another key or at another address, and may still have an output there.
    fn asks_another_account(&self, poll: PollContext<'_>) -> bool {
        let other = |mark| self.parts.exchange.fingerprint(poll.job.id) != Some(mark);
        poll.age < OUTPUTS_LAST_MAX && poll.task.mark.is_some_and(other)
    }

    /// The account's trouble, which its pause tells: no trouble of this task.
    async fn throttled(&self, poll: PollContext<'_>, setback: &Setback) -> Event {
        let named = setback.wait.map(|wait| self.bounded(wait));
        self.pauser.throttled(self.pauser.throttled_for(named, poll.now, poll.now)).await;
        let ours = self.pauser.job_wait(poll.job.setbacks);
        self.unanswered(poll, ours.max(named.unwrap_or_default()), None)
    }

    /// One task's refusal is that task's, unless a second request says the same of the account.
    async fn refused(&self, poll: PollContext<'_>, reason: BlockReason, message: &str) -> Event {
        let is_accounts = self.account_is_refused(poll, reason, message).await;
        if is_accounts {
            self.parts.metrics.polls_are_refused(true);
            let trouble = Trouble::new(TroubleKind::Status, message);
            // Not ever longer: once a person has fixed the account, all of them are polled soon.
            return self.unanswered(poll, self.parts.schedule.slow(), Some(trouble));
        }
        self.status_trouble(poll, message.to_owned(), self.parts.schedule.slow())
    }

    /// Nothing was learned.
    pub(crate) fn unclear(&self, poll: PollContext<'_>, setback: &Setback) -> Event {
        let (job, reason) = (poll.job.id, &setback.reason);
        if self.reasons.add(reason.clone()) {
            tracing::warn!(%job, reason, "a status request brought nothing");
        } else {
            tracing::debug!(%job, reason, "a status request brought nothing");
        }
        let plan = self.parts.schedule.plan();
        let backoff = Backoff { base: plan.min, cap: plan.max.saturating_mul(2) };
        let ours = backoff.full_jitter(poll.job.setbacks, &self.pauser.rng);
        let asked = setback.wait.map(|wait| self.bounded(wait)).unwrap_or_default();
        self.status_trouble(poll, reason.clone(), ours.max(asked))
    }

    /// A status request that told nothing of the task. Looks become rarer for as long as that lasts.
    fn status_trouble(&self, poll: PollContext<'_>, reason: String, at_least: Duration) -> Event {
        let trouble = Trouble::new(TroubleKind::Status, reason);
        let lasted = poll.troubles_with(&trouble).lasted();
        self.unanswered(poll, rarely(poll, lasted / 4, at_least), Some(trouble))
    }

    fn is_overdue(&self, poll: PollContext<'_>) -> bool {
        poll.age > self.parts.settings.running_timeout.0
    }

    /// The usual wait; ever longer past the time for which a provider keeps a task.
    fn next(&self, poll: PollContext<'_>) -> Duration {
        let schedule = &self.parts.schedule;
        if !self.is_overdue(poll) {
            return schedule.next(&poll.job.spec, poll.age);
        }
        rarely(poll, poll.age.saturating_sub(self.lifetime()) / 2, schedule.slow())
    }

    fn bounded(&self, wish: Duration) -> Duration {
        wish.min(self.parts.schedule.plan().max.saturating_mul(WISH))
    }

    fn still_running(
        &self,
        poll: PollContext<'_>,
        word: String,
        progress: Option<u8>,
        wait: Option<Duration>,
    ) -> Event {
        let overdue = self.is_overdue(poll);
        let wait = wait.map(|wait| self.bounded(wait));
        // The provider's own wish is respected even above the account's longest wait, never below its shortest.
        let next_poll = match wait {
            Some(wait) if !overdue => wait.max(self.parts.schedule.plan().min),
            _ => self.next(poll).max(wait.unwrap_or_default()),
        };
        Event::Running { next_poll, word: Some(word), progress, overdue, answered: true, trouble: None }
    }

    /// An answer that does not end the job; the task's word stays the last that it was heard to have.
    pub(crate) fn in_trouble(&self, poll: PollContext<'_>, trouble: Trouble, next_poll: Duration) -> Event {
        let (word, progress) = (poll.task.word.clone(), poll.task.progress);
        let overdue = self.is_overdue(poll);
        Event::Running { next_poll, word, progress, overdue, answered: true, trouble: Some(trouble) }
    }

    fn unanswered(&self, poll: PollContext<'_>, at_least: Duration, trouble: Option<Trouble>) -> Event {
        let next_poll = self.next(poll).max(at_least);
        // A row of answers that would end the job goes on through requests that told nothing.
        let trouble = trouble.filter(|_| !poll.counts_an_end());
        let overdue = self.is_overdue(poll);
        Event::Running { next_poll, word: None, progress: None, overdue, answered: false, trouble }
    }
}
