//! Looks at one task once, and says when to look again.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use reelq_model::{AccountName, Event, Stage};
use reelq_provider::{PollOutcome, Provider};
use reelq_store::{ClaimStage, SharedStore};
use reelq_worker::{Desk, Dice, Exchange, Finish, Handler, Pausing, Pulse};

use crate::{PollSettings, Schedule, cancel::TooLate, reading::Look};

/// What a poller is made of.
pub struct Parts {
    /// The account.
    pub account: AccountName,
    /// Its provider.
    pub provider: Arc<dyn Provider>,
    /// Its HTTP.
    pub exchange: Arc<dyn Exchange>,
    /// Where pauses are told to the other workers.
    pub store: SharedStore,
    /// Counts the requests.
    pub pulse: Arc<Pulse>,
    /// How the account's tasks are followed.
    pub settings: PollSettings,
    /// Submissions a job may spend on failures that were not charged.
    pub retries: u32,
    /// When to look; shared with the submitter, which asks for the first look.
    pub schedule: Arc<Schedule>,
    /// Seeds the delays.
    pub seed: u64,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("account", &self.account)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Follows the tasks of one account.
pub struct Poller {
    pub(crate) parts: Parts,
    pub(crate) pausing: Pausing,
    too_late: TooLate,
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller").field("account", &self.parts.account).finish_non_exhaustive()
    }
}

#[async_trait]
impl Handler for Poller {
    fn stage(&self) -> ClaimStage {
        ClaimStage::Poll
    }

    async fn handle(&self, desk: &mut dyn Desk) -> Finish {
        let job = Arc::clone(desk.job());
        let Stage::Running { task } = &job.stage else { return Finish::GiveBack };
        if desk.cancel_requested() {
            let (provider, exchange) = (self.parts.provider.as_ref(), self.parts.exchange.as_ref());
            if let Some(cancelled) = self.too_late.withdraw(provider, exchange, job.id, &task.id).await {
                return Finish::Event(cancelled);
            }
        }
        // The store's time of the acceptance; the task's own is from the clock of the worker that read it.
        let accepted_at = job.submitted_at.unwrap_or(task.accepted_at);
        let look = Look { job: &job, task, age: desk.now().since(accepted_at) };
        Finish::Event(self.look(look).await)
    }
}

impl Poller {
    /// A poller for one account.
    pub fn new(parts: Parts) -> Self {
        let pausing =
            Pausing { account: parts.account.clone(), store: Arc::clone(&parts.store), dice: Dice::seeded(parts.seed) };
        Self { parts, pausing, too_late: TooLate::default() }
    }

    async fn look(&self, look: Look<'_>) -> Event {
        let spec = &look.job.spec;
        let request = self.parts.provider.poll(spec, &look.task.id);
        match self.parts.exchange.call(&request).await {
            Ok(reply) => {
                let outcome = self.parts.provider.polled(spec, &look.task.id, &reply);
                self.parts.pulse.polled(matches!(outcome, PollOutcome::Blocked { .. }));
                self.read(look, outcome).await
            }
            Err(setback) => {
                self.parts.pulse.polled(false);
                self.unclear(look, &setback)
            }
        }
    }
}
