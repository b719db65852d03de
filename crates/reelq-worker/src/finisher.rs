//! Turns the end of a handler's run into a commit, a release, or nothing. Its result is in the store when it returns.

use std::{sync::Arc, time::Duration};

use reelq_model::{AccountName, Event, Stage, Wake};
use reelq_store::{ClaimStage, Commit, Committed, Error, Lease, SharedStore};

use crate::{
    AccountMetrics, Finish, SharedRng,
    assignment::Outcome,
    committer::Committer,
    fatal_error::FatalError,
    handover::{Handover, Reserved},
    leased_job::LeasedJob,
    panics::{self, Panics},
    retry::retry_transient,
    unpersisted::UnpersistedAcceptances,
    wakeup_timers::WakeupTimers,
};

/// How soon a stage worker claims a job again that its handler gave back.
const GIVEN_BACK: Duration = Duration::from_millis(500);
/// How soon a store that fails is asked again to take an acceptance.
const INSISTS: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(crate) struct Finisher {
    pub(crate) account: AccountName,
    pub(crate) stage: ClaimStage,
    pub(crate) store: SharedStore,
    pub(crate) committer: Committer,
    pub(crate) timers: Arc<WakeupTimers>,
    pub(crate) metrics: Arc<AccountMetrics>,
    pub(crate) panics: Arc<Panics>,
    pub(crate) fatal: Arc<FatalError>,
    pub(crate) unpersisted: Arc<UnpersistedAcceptances>,
    pub(crate) rng: SharedRng,
    /// Where finished tasks go on; `None` where they are not this stage's, or no one collects here.
    pub(crate) handover: Option<Handover>,
}

impl Finisher {
    pub(crate) async fn finish(&self, leased: &LeasedJob, outcome: Outcome) {
        match outcome {
            Outcome::Finished(Finish::Event(event)) => self.commit(leased, event).await,
            Outcome::Finished(Finish::GiveBack) => self.give_back(leased).await,
            Outcome::Finished(Finish::Lost) if leased.was_refused() => self.give_back(leased).await,
            Outcome::Finished(Finish::Lost) => {}
            Outcome::Panicked(message) => self.panicked(leased, &message).await,
            // The lease of what may have been sent is left to lapse: its next holder checks the key.
            Outcome::Cut if matches!(leased.job().stage, Stage::Submitting { .. }) => {}
            Outcome::Cut => self.give_back(leased).await,
        }
    }

    async fn commit(&self, leased: &LeasedJob, event: Event) {
        let lease = leased.lease();
        let tracked = UnpersistedAcceptances::track(&self.unpersisted, &lease, &event);
        let next = self.reserve(&lease, &event);
        let lasts = next.as_ref().map_or(lease.lasts, |next| next.lease);
        let commit = Commit { lease: Lease { lasts, ..lease.clone() }, event: event.clone(), keep: next.is_some() };
        let answer = self.committer.commit(commit).await;
        let asked = answer.as_ref().map(|answer| answer.asked).unwrap_or_default();
        match answer.map(|answer| answer.committed) {
            Some(Committed::Done(Some(kept))) => self.hand_over(next, &lease, kept, asked).await,
            Some(Committed::Done(None)) => self.wake(&lease, event),
            Some(Committed::Stale) if self.stale(&lease, &event).await => {}
            Some(Committed::Stale) | None => return,
            Some(Committed::Illegal(error)) => {
                tracing::error!(job = %lease.job.id, %error, "an event cannot happen to the job; it is parked");
            }
        }
        tracked.persisted();
    }

    /// Wakes whoever a step that was done made work for.
    fn wake(&self, lease: &Lease, event: Event) {
        let before = &lease.job.stage;
        let first_poll = if let Event::Accepted { first_poll, .. } = &event { Some(*first_poll) } else { None };
        match (before.clone().on(event), first_poll) {
            (Ok((next, wake)), _) => self.timers.wake_for(&self.account, before, &next, wake),
            // The leased job could not take it in: a record of its own follows the task.
            (Err(_), Some(wait)) => self.timers.wake(&self.account, ClaimStage::Poll, wait),
            (Err(_), None) => {}
        }
    }

    /// An acceptance counts even where the lease is gone: it is money. Returns whether nothing more can be done here.
    async fn stale(&self, lease: &Lease, event: &Event) -> bool {
        let Event::Accepted { acceptance, first_poll } = event else {
            tracing::warn!(job = %lease.job.id, event = event.name(), "the lease was lost; nothing was changed");
            return true;
        };
        let record = || self.store.record_acceptance(lease.job.id, acceptance, *first_poll);
        loop {
            match retry_transient(&self.rng, record).await {
                Ok(late) => {
                    tracing::warn!(job = %lease.job.id, task = %acceptance.task, ?late, "an acceptance came after its lease had ended");
                    self.timers.wake(&self.account, ClaimStage::Poll, *first_poll);
                    return true;
                }
                // Nothing is wrong with the store. A journal restores what it has lost.
                Err(error @ (Error::NoJob(_) | Error::Unreadable { .. })) => {
                    let (job, task) = (lease.job.id, &acceptance.task);
                    tracing::error!(%job, %task, %error, "an acceptance has no job in the store; note the task unless a journal holds it");
                    return true;
                }
                // It is retried until the runtime gives up: the task is paid for.
                Err(error) => self.fatal.raise(error),
            }
            tokio::time::sleep(INSISTS).await;
        }
    }

    /// A free collector for what a finished task left to fetch.
    fn reserve(&self, lease: &Lease, event: &Event) -> Option<Reserved> {
        let handover = self.handover.as_ref().filter(|_| matches!(event, Event::Finished { .. }))?;
        handover.reserve(&lease.job.batch)
    }

    async fn hand_over(&self, next: Option<Reserved>, before: &Lease, kept: Lease, asked: Duration) {
        // No one has to come for it; but its place in flight is free.
        self.timers.wake_for(&self.account, &before.job.stage, &kept.job.stage, Wake::Never);
        let refused = match next {
            Some(next) => next.enter(kept, asked).err(),
            None => Some(kept),
        };
        if let Some(lease) = refused {
            self.release(lease, ClaimStage::Collect).await;
        }
    }

    async fn give_back(&self, leased: &LeasedJob) {
        self.release(leased.lease(), self.stage).await;
    }

    async fn release(&self, lease: Lease, stage: ClaimStage) {
        match retry_transient(&self.rng, || self.store.release(std::slice::from_ref(&lease))).await {
            Ok(()) => self.timers.wake(&self.account, stage, GIVEN_BACK),
            Err(error) => self.fatal.raise(error),
        }
    }

    async fn panicked(&self, leased: &LeasedJob, message: &str) {
        let job = leased.job();
        let panics = self.panics.count(job.id);
        self.metrics.panicked();
        tracing::error!(job = %job.id, stage = ?self.stage, panics, message, "a handler panicked");
        if let Some(event) = panics::event_of(&job.stage, panics, message, &self.rng) {
            self.commit(leased, event).await;
        }
    }
}
