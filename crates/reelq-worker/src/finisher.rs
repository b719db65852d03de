//! Turns the end of a handler's run into a commit, a release, or nothing. Its result is in the store when it returns.

use std::{sync::Arc, time::Duration};

use reelq_model::{AccountName, Event, Stage, Wake};
use reelq_store::{ClaimStage, Commit, Committed, Error, Lease, SharedStore, rules::figures};

use crate::{
    AccountMetrics, Finish, SharedRng,
    assignment::Outcome,
    committer::Committer,
    fatal_error::FatalError,
    followed_tasks::FollowedTasks,
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
    /// Where running tasks stay between two looks; `None` where no one asks about them here.
    pub(crate) followed: Option<Arc<FollowedTasks>>,
}

/// Who goes on with a job under the lease that it has.
#[derive(Debug)]
enum Next {
    Collector(Reserved),
    /// The next look is after this long.
    Follower(Arc<FollowedTasks>, Duration),
}

impl Next {
    /// How long the lease must last.
    const fn lease(&self) -> Duration {
        match self {
            Self::Collector(reserved) => reserved.lease,
            Self::Follower(..) => Lease::FOLLOWED,
        }
    }
}

impl Finisher {
    pub(crate) async fn finish(&self, leased: &LeasedJob, outcome: Outcome) {
        if leased.lease().is_followed() && self.goes_on(leased, &outcome) {
            return;
        }
        match outcome {
            Outcome::Finished(Finish::Event(event)) => self.commit(leased, event).await,
            Outcome::Finished(Finish::GiveBack) => self.give_back(leased).await,
            Outcome::Finished(Finish::Lost) if leased.was_refused() => self.give_back(leased).await,
            // No time ends its lease.
            Outcome::Finished(Finish::Lost) if leased.lease().is_followed() => self.give_back(leased).await,
            Outcome::Finished(Finish::Lost) => {}
            Outcome::Panicked(message) => self.panicked(leased, &message).await,
            // The lease of what may have been sent is left to lapse: its next holder checks the key.
            Outcome::Cut if matches!(leased.job().stage, Stage::Submitting { .. }) => {}
            Outcome::Cut => self.give_back(leased).await,
        }
    }

    /// Whether a followed task is only looked at again: its look brought nothing. Otherwise it leaves those that are followed.
    fn goes_on(&self, leased: &LeasedJob, outcome: &Outcome) -> bool {
        let (lease, Some(tasks)) = (leased.lease(), &self.followed) else { return false };
        let event = if let Outcome::Finished(Finish::Event(event)) = outcome { Some(event) } else { None };
        let wait = event.and_then(|event| until_next_look(&lease, event)).filter(|wait| tasks.keeps(*wait));
        if let (Some(event), Some(wait)) = (event, wait)
            && figures::brings_nothing(&lease.job, event)
            && tasks.again(&lease, wait)
        {
            return true;
        }
        tasks.end_look(&lease);
        if wait.is_none() && !matches!(event, Some(Event::Finished { .. })) {
            // The account may be paused for what was answered.
            tasks.outdate();
        }
        false
    }

    async fn commit(&self, leased: &LeasedJob, event: Event) {
        let lease = leased.lease_to_commit();
        let tracked = UnpersistedAcceptances::track(&self.unpersisted, &lease, &event);
        let next = self.next(&lease, &event);
        let lasts = next.as_ref().map_or(lease.lasts, Next::lease);
        let commit = Commit { lease: Lease { lasts, ..lease.clone() }, event: event.clone(), keep: next.is_some() };
        let answer = self.committer.commit(commit).await;
        let asked = answer.as_ref().map(|answer| answer.asked).unwrap_or_default();
        match answer.map(|answer| answer.committed) {
            Some(Committed::Done(Some(kept))) => self.go_on(next, &lease, kept, asked).await,
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
            let (job, event) = (lease.job.id, event.name());
            if lease.is_followed() {
                tracing::debug!(%job, event, "a followed task was taken by what others did to its job");
            } else {
                tracing::warn!(%job, event, "the lease was lost; nothing was changed");
            }
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

    /// Who goes on with the job once the event is committed; `None` where it is given back.
    fn next(&self, lease: &Lease, event: &Event) -> Option<Next> {
        if let Some(reserved) = self.reserve(lease, event) {
            return Some(Next::Collector(reserved));
        }
        let tasks = self.followed.as_ref()?;
        let wait = until_next_look(lease, event).filter(|wait| tasks.takes(*wait))?;
        Some(Next::Follower(Arc::clone(tasks), wait))
    }

    async fn go_on(&self, next: Option<Next>, before: &Lease, kept: Lease, asked: Duration) {
        match next {
            Some(Next::Follower(tasks, wait)) => {
                if let Err(lease) = tasks.enter(kept, asked, wait) {
                    self.release(lease, ClaimStage::Poll).await;
                }
            }
            Some(Next::Collector(reserved)) => self.hand_over(Some(reserved), before, kept, asked).await,
            None => self.hand_over(None, before, kept, asked).await,
        }
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
        match leased.last_look(Duration::ZERO) {
            Some(commit) => {
                self.committer.commit(commit).await;
                self.timers.wake(&self.account, self.stage, GIVEN_BACK);
            }
            None => self.release(leased.lease(), self.stage).await,
        }
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

/// How long until a task is looked at again that may stay with this process: all is well with it, and no one wants it withdrawn.
fn until_next_look(lease: &Lease, event: &Event) -> Option<Duration> {
    match event {
        _ if lease.cancel_requested => None,
        Event::Accepted { acceptance, first_poll } if acceptance.outputs.is_empty() => Some(*first_poll),
        Event::Running { next_poll, answered: true, trouble: None, .. } => Some(*next_poll),
        _ => None,
    }
}
