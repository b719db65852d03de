//! Which ends are believed, and whether the row is bought again. Terminal answers count only when they are repeated: after some answers *and* some time, never after a count alone.
//!
//! A vendor whose database is restored, or whose cache lags, says "no such task" for minutes about tasks that it will
//! finish. What is counted is kept with the job, so a restart forgets nothing.

use std::time::Duration;

use reelq_model::{Event, Failure, FailureKind, Money, OUTPUTS_LAST, Settlement, Trouble, TroubleKind, Troubles};
use reelq_worker::{Backoff, coalesced_wait};

use crate::{Poller, poll_context::PollContext};

/// Delays before a job whose task failed without charge is bought again.
const AGAIN: Backoff = Backoff { base: Duration::from_secs(2), cap: Duration::from_mins(5) };
/// The delay before a job is bought again that a person asked for.
const SOON: Duration = Duration::from_secs(1);

/// An end that the provider seems to report.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) kind: TroubleKind,
    pub(crate) failure: Failure,
    pub(crate) settlement: Settlement,
    /// The provider's figure for a charge that stands.
    pub(crate) cost: Option<Money>,
}

impl End {
    /// A failure in the provider's own words.
    pub(crate) const fn failed(failure: Failure, settlement: Settlement, cost: Option<Money>) -> Self {
        Self { kind: TroubleKind::SaysFailed, failure, settlement, cost }
    }

    /// "No such task". Whatever became of it, no one said that the money came back.
    pub(crate) fn not_found(message: &str) -> Self {
        Self::charged(
            TroubleKind::NotFound,
            FailureKind::Expired,
            with_message("the provider no longer knows the task", message),
        )
    }

    /// "Succeeded", and no output.
    pub(crate) fn no_output() -> Self {
        let message = "the task succeeded without an output".to_owned();
        Self::charged(TroubleKind::NoOutput, FailureKind::Provider, message)
    }

    fn charged(kind: TroubleKind, failure: FailureKind, message: String) -> Self {
        Self { kind, failure: Failure::new(failure, message), settlement: Settlement::Charged, cost: None }
    }

    fn trouble(&self) -> Trouble {
        Trouble::new(self.kind, self.failure.to_string())
    }

    /// How many answers it takes at least.
    const fn answers(&self) -> u32 {
        match self.kind {
            TroubleKind::NoOutput => 5,
            _ => 3,
        }
    }
}

/// `what`, with the provider's own words where it said some.
pub(crate) fn with_message(what: &str, message: &str) -> String {
    if message.is_empty() { what.to_owned() } else { format!("{what}: {message}") }
}

impl Poller {
    /// How long the provider keeps a task and its output, counted from the acceptance.
    pub(crate) fn lifetime(&self) -> Duration {
        let link = self.parts.provider.capability().link_lifetime.unwrap_or(OUTPUTS_LAST);
        self.parts.settings.running_timeout.0.saturating_add(link)
    }

    /// An answer that is believed only when it is repeated.
    pub(crate) fn repeated(&self, poll: PollContext<'_>, end: End) -> Event {
        let trouble = end.trouble();
        let troubles = poll.troubles_with(&trouble);
        let needed = self.patience(poll, end.kind);
        if poll.awaited().is_none() && troubles.count >= end.answers() && troubles.lasted() >= needed {
            return self.over(poll, end);
        }
        self.in_trouble(poll, trouble, self.until_next(poll, &troubles, needed))
    }

    /// An end that the provider tells plainly, but not of a task that it said had succeeded while its output is awaited.
    pub(crate) fn plain(&self, poll: PollContext<'_>, end: End) -> Event {
        if poll.awaited().is_some() {
            return self.repeated(poll, end);
        }
        match self.again(poll, &end) {
            Some(after) if !poll.task.buy_again => {
                let End { failure, settlement, cost, .. } = end;
                Event::Failed { failure, settlement, cost, retry_after: Some(after) }
            }
            _ => self.over(poll, end),
        }
    }

    /// The wait before the job is bought again by itself: its task failed for a passing reason, uncharged.
    fn again(&self, poll: PollContext<'_>, end: &End) -> Option<Duration> {
        // The record of an unexpected charge only follows that charge: it is never bought again.
        let again = end.failure.kind == FailureKind::Transient
            && end.settlement == Settlement::Refunded
            && !poll.has_succeeded()
            && poll.job.retries < self.parts.retries
            && !poll.task.only_looked_at
            && poll.job.orphan_of.is_none();
        let half = AGAIN.ceiling(poll.job.retries) / 2;
        let soon = half + half.mul_f64(self.pauser.rng.fraction());
        // A passing trouble that every purchase meets may last for minutes: the last one is made when it has had its time.
        let is_last = poll.job.retries.saturating_add(1) == self.parts.retries;
        again.then(|| if is_last { soon.max(self.parts.settings.patience.0) } else { soon })
    }

    /// The task is over without an output.
    fn over(&self, poll: PollContext<'_>, end: End) -> Event {
        // A provider that said "succeeded" took the money, whatever it says of the task now.
        let settlement = match end.kind {
            _ if poll.has_succeeded() => Settlement::Charged,
            // What was given back stays so, whatever has become of the task since.
            TroubleKind::NotFound if poll.was_refunded() => Settlement::Refunded,
            _ => end.settlement,
        };
        // "No such task" is no end while the task may still be kept somewhere.
        let is_certain = end.kind != TroubleKind::NotFound || poll.age > self.lifetime();
        // Who agreed to buy again what had cost nothing did not agree to pay twice.
        let turned_out_paid = poll.was_refunded() && settlement == Settlement::Charged;
        let retry_after = (poll.task.buy_again && is_certain && !turned_out_paid).then_some(SOON);
        Event::Failed { failure: end.failure, settlement, cost: end.cost, retry_after }
    }

    /// How long an end of this kind must have lasted. Past its lifetime a task is not expected back.
    fn patience(&self, poll: PollContext<'_>, kind: TroubleKind) -> Duration {
        let patience = self.parts.settings.patience.0;
        match kind {
            _ if poll.age > self.lifetime() => Duration::ZERO,
            TroubleKind::SaysFailed => patience / 10,
            _ => patience,
        }
    }

    /// Ever longer, so that requests stay few, but not long past the moment at which the end may be believed, nor past
    /// the end of the wait for an output.
    fn until_next(&self, poll: PollContext<'_>, troubles: &Troubles, needed: Duration) -> Duration {
        let plan = self.parts.schedule.plan();
        let least = if poll.age > self.lifetime() { plan.min } else { self.parts.schedule.slow() };
        let left = poll.awaited().unwrap_or_else(|| needed.saturating_sub(troubles.lasted()));
        let longer = rarely(poll, troubles.lasted() / 2, least);
        if left.is_zero() { longer } else { longer.min(left.max(least)) }
    }
}

/// About `wait` and at most an hour, in rounds with other waits of that length, where that is more than `least`.
pub(crate) fn rarely(poll: PollContext<'_>, wait: Duration, least: Duration) -> Duration {
    if wait <= least { least } else { coalesced_wait(poll.now, wait).max(least) }
}
