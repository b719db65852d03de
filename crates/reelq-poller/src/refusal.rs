//! A refused status request: the task's own trouble, or the account's. A second request tells.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reelq_model::{BlockReason, JobId, Timestamp};
use reelq_provider::{BalanceOutcome, Request};

use crate::{Poller, poll_context::PollContext};

/// The account is asked about at most this often.
const CHECK_EVERY: Duration = Duration::from_secs(5);
/// How close together the refusals of two tasks must be, to say something of their account.
const TOGETHER: Duration = Duration::from_mins(2);

/// What is known of an account's refusals.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    checked_at: Option<Timestamp>,
    refused: bool,
    /// The key may not ask about the account either: that tells nothing, for many a good key may not.
    unasked: bool,
    suspect: Option<Suspect>,
}

#[derive(Debug, Clone, Copy)]
struct Suspect {
    job: JobId,
    reason: BlockReason,
    at: Timestamp,
}

impl Refusals {
    fn edit<T>(&self, edit: impl FnOnce(&mut State) -> T) -> T {
        edit(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A status request was answered: the account is not refused.
    pub(crate) fn answered(&self) {
        self.edit(|state| *state = State { checked_at: state.checked_at, ..State::default() });
    }

    /// Whether to ask about the account now.
    fn begins_check(&self, now: Timestamp) -> bool {
        self.edit(|state| {
            let is_due = state.checked_at.is_none_or(|at| now.since(at) >= CHECK_EVERY);
            if is_due {
                (state.checked_at, state.refused, state.unasked) = (Some(now), false, false);
            }
            is_due
        })
    }

    /// What the last check found: that the account is refused, or that nothing is to be learned so.
    fn last_check(&self) -> (bool, bool) {
        self.edit(|state| (state.refused, state.unasked))
    }

    fn found(&self, check: Check) {
        self.edit(|state| (state.refused, state.unasked) = (check == Check::Refused, check == Check::Unasked));
    }

    /// Whether another task was refused for the same reason just now, with no good answer since.
    fn is_second(&self, poll: PollContext<'_>, reason: BlockReason) -> bool {
        let this = Suspect { job: poll.job.id, reason, at: poll.now };
        self.edit(|state| {
            let same = |other: &Suspect| {
                other.job != this.job && other.reason == reason && poll.now.since(other.at) < TOGETHER
            };
            state.refused = state.refused || state.suspect.as_ref().is_some_and(same);
            state.suspect = Some(this);
            state.refused
        })
    }
}

impl Poller {
    /// Whether a second request says that the account is refused; it is paused then.
    pub(crate) async fn account_is_refused(&self, poll: PollContext<'_>, reason: BlockReason, message: &str) -> bool {
        if let Some(request) = self.parts.provider.balance().filter(|_| self.parts.provider.capability().balance) {
            if self.refusals.begins_check(poll.now) {
                let check = self.check_account(poll, &request, reason, message).await;
                self.refusals.found(check);
            }
            let (refused, unasked) = self.refusals.last_check();
            if !unasked || reason != BlockReason::Forbidden {
                return refused;
            }
        }
        let refused = self.refusals.is_second(poll, reason);
        if refused {
            self.pauser.blocked(reason, message).await;
        }
        refused
    }

    /// Asks for the balance, and pauses the account where that is refused as well.
    async fn check_account(
        &self,
        poll: PollContext<'_>,
        request: &Request,
        reason: BlockReason,
        message: &str,
    ) -> Check {
        let balance = self.parts.exchange.call(request).await.map(|reply| self.parts.provider.balanced(&reply));
        match balance {
            Ok(BalanceOutcome::Blocked { reason: BlockReason::Forbidden, .. }) => {
                if reason == BlockReason::Forbidden {
                    Check::Unasked
                } else {
                    Check::Open
                }
            }
            Ok(BalanceOutcome::Blocked { reason, message }) => {
                self.pauser.blocked(reason, &message).await;
                Check::Refused
            }
            _ => {
                tracing::warn!(job = %poll.job.id, message, "one task's status is refused; the account is not");
                Check::Open
            }
        }
    }
}

/// What a question about the account brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    /// It is refused.
    Refused,
    /// It is not.
    Open,
    /// The key may not ask, as it may not ask about the task: only another task tells.
    Unasked,
}
