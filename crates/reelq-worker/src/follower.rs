//! Looks at the tasks that stay with this process when their time comes, as the poll stage's claims would.
//!
//! Each takes a slot of that stage and a status request of the account. What cannot be looked at in time is given back.

use std::{sync::Arc, time::Duration};

use reelq_model::AccountName;
use reelq_store::ClaimStage;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::{
    Stopper,
    assignment::Assignment,
    followed_tasks::{FollowedTasks, Waiting},
    in_flight::InFlightSet,
    leased_job::LeasedJob,
    poll_allowance::{Allowed, PollAllowance},
    returner::Returner,
    wakeup_timers::WakeupTimers,
};

/// A look that is late by more than this is left to whoever claims it.
const LATE: Duration = Duration::from_secs(10);
/// The longest wait for a status request before it is looked again whether anything is late.
const PAUSE: Duration = Duration::from_secs(1);

/// The task that follows one account's tasks.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) account: AccountName,
    pub(crate) tasks: Arc<FollowedTasks>,
    pub(crate) allowance: PollAllowance,
    /// The poll stage's slots.
    pub(crate) slots: Arc<Semaphore>,
    /// Weak: it must not keep the poll stage from its end.
    pub(crate) assignments: mpsc::WeakSender<Assignment>,
    pub(crate) in_flight: Arc<InFlightSet>,
    pub(crate) timers: Arc<WakeupTimers>,
    pub(crate) returner: Returner,
    pub(crate) clock: reelq_model::SharedClock,
    pub(crate) stopper: Stopper,
}

impl Follower {
    /// Looks at what is due until the runtime stops; gives the follower back for its end.
    pub(crate) async fn run(mut self) -> Self {
        loop {
            tokio::select! {
                biased;
                () = self.stopper.stopping() => return self,
                () = self.tasks.wait() => {}
            }
            self.give_back_late().await;
            if !self.may_send().await {
                continue;
            }
            let Some(slot) = self.slot().await else { continue };
            if let Some(leased) = self.tasks.begin_look() {
                self.look(leased, slot).await;
            }
        }
    }

    /// Gives back what still waits, with its due times. What is being looked at gives itself back.
    pub(crate) async fn end(self) {
        let waiting = self.tasks.close();
        self.give_back(waiting).await;
    }

    async fn give_back_late(&self) {
        let late = self.clock.monotonic().saturating_sub(LATE);
        self.give_back(self.tasks.take_due_before(late)).await;
    }

    /// Waits for a status request, for a moment.
    async fn may_send(&mut self) -> bool {
        if self.tasks.is_outdated() {
            self.allowance.lapse();
        }
        let tasks = Arc::clone(&self.tasks);
        let wait = match self.allowance.take(|limit| tasks.due_before(limit)).await {
            Ok(Allowed::Now) => return true,
            Ok(Allowed::After(wait)) => wait.min(PAUSE),
            Ok(Allowed::Held) => {
                self.give_back(self.tasks.take_due_before(Duration::MAX)).await;
                PAUSE
            }
            Err(error) => {
                // The lease renewer reports it, once for all callers.
                tracing::debug!(%error, "the store gives no status requests");
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.stopper.stopping() => {}
        }
        false
    }

    /// Waits for a slot of the poll stage, for a while.
    async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            slot = Arc::clone(&self.slots).acquire_owned() => slot.ok(),
            () = tokio::time::sleep(PAUSE) => None,
            () = self.stopper.stopping() => None,
        }
    }

    async fn look(&self, leased: Arc<LeasedJob>, slot: OwnedSemaphorePermit) {
        let entry = Some(self.in_flight.enter(Arc::clone(&leased), slot));
        let assignment = Assignment { leased, entry };
        // There is room for as many as there are slots.
        let refused = match self.assignments.upgrade() {
            Some(assignments) => assignments.try_send(assignment).err().map(mpsc::error::TrySendError::into_inner),
            None => Some(assignment),
        };
        if let Some(refused) = refused {
            self.tasks.end_look(&refused.leased.lease());
            self.returner.clone().give_back(vec![refused]).await;
        }
    }

    async fn give_back(&self, waiting: Vec<Waiting>) {
        if waiting.is_empty() {
            return;
        }
        self.returner.give_back_all(waiting).await;
        self.timers.wake(&self.account, ClaimStage::Poll, Duration::ZERO);
    }
}
