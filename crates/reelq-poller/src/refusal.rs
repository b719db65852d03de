//! A refused status request: the task's own trouble, or the account's. A second request tells.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reelq_model::{BlockReason, JobId, Timestamp};
use reelq_provider::BalanceOutcome;

use crate::{Poller, look::Look};

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

    /// Whether to ask about the account now; if not, what the last check found.
    fn begin_check(&self, now: Timestamp) -> Result<(), bool> {
        self.edit(|state| {
            if state.checked_at.is_some_and(|at| now.since(at) < CHECK_EVERY) {
                return Err(state.refused);
            }
            state.checked_at = Some(now);
            Ok(())
        })
    }

    fn found(&self, refused: bool) -> bool {
        self.edit(|state| state.refused = refused);
        refused
    }

    /// Whether another task was refused for the same reason just now, with no good answer since.
    fn is_second(&self, look: Look<'_>, reason: BlockReason) -> bool {
        let this = Suspect { job: look.job.id, reason, at: look.now };
        self.edit(|state| {
            let same = |other: &Suspect| {
                other.job != this.job && other.reason == reason && look.now.since(other.at) < TOGETHER
            };
            state.refused = state.refused || state.suspect.as_ref().is_some_and(same);
            state.suspect = Some(this);
            state.refused
        })
    }
}

impl Poller {
    /// Whether a second request says that the account is refused; it is paused then.
    pub(crate) async fn account_is_refused(&self, look: Look<'_>, reason: BlockReason, message: &str) -> bool {
        let provider = &self.parts.provider;
        let Some(request) = provider.balance().filter(|_| provider.capability().balance) else {
            let refused = self.refusals.is_second(look, reason);
            if refused {
                self.pausing.blocked(reason, message).await;
            }
            return refused;
        };
        if let Err(refused) = self.refusals.begin_check(look.now) {
            return refused;
        }
        let balance = self.parts.exchange.call(&request).await.map(|reply| provider.balanced(&reply));
        let refused = match &balance {
            Ok(BalanceOutcome::Blocked { reason: second, message }) if is_same(reason, *second) => {
                self.pausing.blocked(*second, message).await;
                true
            }
            _ => {
                tracing::warn!(job = %look.job.id, message, "one task's status is refused; the account is not");
                false
            }
        };
        self.refusals.found(refused)
    }
}

/// Whether the second refusal is the account's. A key may be good and not allowed to ask for the balance, so a 403 there
/// only repeats another 403.
fn is_same(first: BlockReason, second: BlockReason) -> bool {
    second == first || second != BlockReason::Forbidden
}
