//! Claims work for one stage worker: never more than it has free slots, and no sooner than there is something to claim.

use std::{sync::Arc, time::Duration};

use reelq_model::{BatchName, SharedClock};
use reelq_store::{AccountLimits, Claim, ClaimStage, Claimed, SharedStore};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::{
    SharedRng, Stopper, SubmissionGate, TestSignals, assignment::Assignment, fatal_error::FatalError,
    followed_tasks::FollowedTasks, in_flight::InFlightSet, leased_job::LeasedJob, retry::retry_transient,
    returner::Returner, wakeup_timer::WakeupTimer,
};

/// How often a closed gate is checked again.
const GATE_CLOSED: Duration = Duration::from_millis(500);
/// How long a claim may go unanswered once the runtime stops.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long freed slots are gathered for one claim while others are busy.
const GATHER: Duration = Duration::from_millis(2);
/// The most jobs in one claim.
const CLAIM: usize = 256;

#[derive(Debug)]
pub(crate) struct Claimer {
    pub(crate) claim: Claim,
    /// What the account allows, as this process has it in its configuration.
    pub(crate) limits: Option<AccountLimits>,
    pub(crate) store: SharedStore,
    pub(crate) clock: SharedClock,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) timer: Arc<WakeupTimer>,
    pub(crate) gate: Arc<SubmissionGate>,
    pub(crate) in_flight: Arc<InFlightSet>,
    /// What stays with this process of the account's tasks; where the claims are for them.
    pub(crate) followed: Option<Arc<FollowedTasks>>,
    pub(crate) assignments: mpsc::Sender<Assignment>,
    pub(crate) stopper: Stopper,
    pub(crate) signals: Arc<TestSignals>,
    pub(crate) fatal: Arc<FatalError>,
    pub(crate) returner: Returner,
    pub(crate) rng: SharedRng,
}

impl Claimer {
    /// Claims until the runtime stops.
    pub(crate) async fn run(self) {
        while let Some(free) = self.free_slots().await {
            if self.is_gate_closed() {
                drop(free);
                self.signals.claim_held_back.fire(|| ());
                self.pause().await;
                continue;
            }
            let asked = self.clock.monotonic();
            self.timer.begin_claim();
            let claim = Claim { limit: free.len(), except: self.except(), ..self.claim.clone() };
            let claimed = tokio::select! {
                claimed = retry_transient(&self.rng, || self.store.claim(&claim)) => claimed,
                () = self.given_up() => return,
            };
            match claimed {
                Ok(claimed) if claimed.limits_missing && self.limits.is_some() => {
                    drop(free);
                    if let Err(error) = self.restore_limits().await {
                        return self.fatal.raise(error);
                    }
                }
                Ok(claimed) => self.hand_out(claimed, free, asked).await,
                Err(error) => return self.fatal.raise(error),
            }
        }
    }

    /// A claim that is still unanswered a while after the stop is not waited for; signing off gives back what it took.
    async fn given_up(&self) {
        self.stopper.stopping().await;
        tokio::time::sleep(PATIENCE).await;
    }

    /// The store lost them: it sells nothing before it has them again.
    async fn restore_limits(&self) -> reelq_store::Result<()> {
        let Some(limits) = &self.limits else { return Ok(()) };
        tracing::warn!(account = %self.claim.account, "the store has no limits for the account: they are set anew");
        tokio::select! {
            restored = retry_transient(&self.rng, || self.store.set_limits(&self.claim.account, limits)) => restored?,
            () = self.given_up() => return Ok(()),
        }
        self.pause().await;
        Ok(())
    }

    fn is_gate_closed(&self) -> bool {
        self.claim.stage == ClaimStage::Submit && self.gate.is_closed_for(&self.claim.account)
    }

    /// The batches that nothing new is taken of.
    fn except(&self) -> Vec<BatchName> {
        match self.claim.stage {
            ClaimStage::Submit => self.gate.closed_batches(),
            ClaimStage::Collect => self.gate.closed_places(),
            ClaimStage::Poll => Vec::new(),
        }
    }

    async fn pause(&self) {
        tokio::select! {
            () = tokio::time::sleep(GATE_CLOSED) => {}
            () = self.stopper.stopping() => {}
        }
    }

    /// Waits for a free slot and takes every one that is free; `None` once the runtime stops.
    async fn free_slots(&self) -> Option<Vec<OwnedSemaphorePermit>> {
        let first = tokio::select! {
            biased;
            () = self.stopper.stopping() => return None,
            first = Arc::clone(&self.slots).acquire_owned() => first.ok()?,
        };
        // Jobs end in groups, as their commits do: a moment later one claim serves them all.
        if self.in_flight.len() > 1 {
            tokio::time::sleep(GATHER).await;
        }
        let most = 1 + self.slots.available_permits();
        let more = std::iter::from_fn(|| Arc::clone(&self.slots).try_acquire_owned().ok());
        Some(std::iter::once(first).chain(more).take(CLAIM.min(most - self.left_free(most))).collect())
    }

    /// How many of the free slots a claim leaves to tasks that are handed over while it is under way. Without any, each of those
    /// would ask for another claim, during which the next ones would find no slot either.
    fn left_free(&self, free: usize) -> usize {
        if self.claim.stage == ClaimStage::Collect { free / 4 } else { 0 }
    }

    async fn hand_out(&self, claimed: Claimed, free: Vec<OwnedSemaphorePermit>, asked: Duration) {
        let short = claimed.leases.len() < free.len();
        let mut unsent = Vec::new();
        for (lease, slot) in claimed.leases.into_iter().zip(free) {
            if let Some(followed) = &self.followed {
                followed.forget(lease.job.id);
            }
            let leased = Arc::new(LeasedJob::new(Arc::clone(&self.clock), lease, asked));
            let entry = Some(self.in_flight.enter(Arc::clone(&leased), slot));
            if let Err(refused) = self.assignments.send(Assignment { leased, entry }).await {
                unsent.push(refused.0);
            }
        }
        self.returner.clone().give_back(unsent).await;
        if short {
            match claimed.retry_in {
                Some(wait) if claimed.until_day_ends => self.timer.end_claim_until_tomorrow(wait),
                retry_in => self.timer.end_claim(retry_in),
            }
            tokio::select! {
                () = self.timer.wait() => {}
                () = self.gate.opened() => {}
                () = self.stopper.stopping() => {}
            }
        }
    }
}
