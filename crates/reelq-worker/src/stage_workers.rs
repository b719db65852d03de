//! Builds the stage workers of a runtime: one for each handler of each account.

use std::{num::NonZeroUsize, sync::Arc};

use reelq_store::{Claim, ClaimStage};
use tokio::sync::{Semaphore, mpsc};

use crate::{
    AccountWork, Builder, Handler, Runtime, SharedRng,
    assignment::Assignment,
    claimer::Claimer,
    commit_layer::CommitLayer,
    committer::Committer,
    finisher::Finisher,
    followed_tasks::{FollowedByAccount, FollowedTasks},
    follower::Follower,
    handover::Handover,
    panics::Panics,
    poll_allowance::PollAllowance,
    returner::Returner,
    stage_backend::StageBackend,
    stage_service::StageService,
    stage_worker::{self, StageWorker},
    wakeup_timer::WakeupTimer,
    wakeup_timers::WakeupTimers,
};

pub(crate) fn wakeup_timers(parts: &Builder) -> Arc<WakeupTimers> {
    let mut timers = WakeupTimers::default();
    for account in &parts.accounts {
        for (handler, _) in &account.handlers {
            timers.add(account.name.clone(), handler.stage(), Arc::new(WakeupTimer::new(Arc::clone(&parts.clock))));
        }
    }
    Arc::new(timers)
}

/// A set for each account whose tasks are asked about here.
pub(crate) fn followed_tasks(parts: &Builder) -> FollowedByAccount {
    let asks = |account: &&AccountWork| account.handlers.iter().any(|(handler, _)| handler.stage() == ClaimStage::Poll);
    let set = |account: &AccountWork| {
        let tasks = FollowedTasks::new(Arc::clone(&parts.clock), parts.stopper.clone(), parts.waits_at_most());
        (account.name.clone(), Arc::new(tasks))
    };
    parts.accounts.iter().filter(asks).map(set).collect()
}

pub(crate) fn build(runtime: &Runtime, committer: &Committer, timers: &Arc<WakeupTimers>) -> Vec<StageWorker> {
    let factory = Factory { runtime, committer, timers, panics: Arc::default() };
    runtime.parts.accounts.iter().flat_map(|account| factory.workers(account)).collect()
}

/// What a claimer, a collector's other sources, and the worker's backend share.
struct Channel {
    slots: Arc<Semaphore>,
    sender: mpsc::Sender<Assignment>,
    receiver: mpsc::Receiver<Assignment>,
}

impl Channel {
    fn of(slots: NonZeroUsize) -> Self {
        let (sender, receiver) = mpsc::channel(slots.get());
        Self { slots: Arc::new(Semaphore::new(slots.get())), sender, receiver }
    }
}

struct Factory<'a> {
    runtime: &'a Runtime,
    committer: &'a Committer,
    timers: &'a Arc<WakeupTimers>,
    panics: Arc<Panics>,
}

impl Factory<'_> {
    fn workers(&self, account: &AccountWork) -> Vec<StageWorker> {
        let channels: Vec<_> = account.handlers.iter().map(|(handler, slots)| (handler, Channel::of(*slots))).collect();
        let collector = channels.iter().find(|(handler, _)| handler.stage() == ClaimStage::Collect);
        let handover = collector.map(|(handler, channel)| self.handover(handler.as_ref(), channel));
        let made = channels
            .into_iter()
            .filter_map(|(handler, channel)| self.worker(account, handler, channel, handover.clone()));
        made.collect()
    }

    /// Only the stage that finds tasks finished hands any over.
    fn handover(&self, collector: &dyn Handler, channel: &Channel) -> Handover {
        let runtime = self.runtime;
        Handover {
            slots: Arc::clone(&channel.slots),
            assignments: channel.sender.downgrade(),
            lease: runtime.parts.lease.saturating_add(collector.needs()),
            in_flight: Arc::clone(&runtime.in_flight),
            clock: runtime.clock(),
            gate: Arc::clone(&runtime.parts.gate),
            stopper: runtime.stopper(),
        }
    }

    fn worker(
        &self,
        account: &AccountWork,
        handler: &Arc<dyn Handler>,
        channel: Channel,
        handover: Option<Handover>,
    ) -> Option<StageWorker> {
        let runtime = self.runtime;
        let follower = self.follower(account, handler.as_ref(), &channel);
        let Channel { slots, sender, receiver } = channel;
        let returner = self.returner();
        let claimer = Claimer {
            claim: self.claim(account, handler.as_ref()),
            limits: account.limits,
            store: Arc::clone(&runtime.parts.store),
            clock: runtime.clock(),
            slots,
            timer: self.timers.of(&account.name, handler.stage())?,
            gate: Arc::clone(&runtime.parts.gate),
            in_flight: Arc::clone(&runtime.in_flight),
            followed: runtime.followed.get(&account.name).filter(|_| follower.is_some()).cloned(),
            assignments: sender,
            stopper: runtime.stopper(),
            signals: Arc::clone(&runtime.parts.signals),
            fatal: Arc::clone(&runtime.fatal),
            returner: returner.clone(),
            rng: self.rng(),
        };
        let handover = handover.filter(|_| handler.stage() == ClaimStage::Poll);
        let layer = CommitLayer(Arc::new(self.finisher(account, handler.as_ref(), handover)));
        Some(StageWorker {
            name: stage_worker::name(&account.name, handler.stage()),
            claimer,
            backend: StageBackend::new(receiver, layer, returner),
            service: StageService {
                handler: Arc::clone(handler),
                committer: self.committer.clone(),
                spawner: runtime.spawner.clone(),
                stopper: runtime.stopper(),
            },
            follower,
        })
    }

    /// Who looks at the account's tasks between claims: the poll stage's.
    fn follower(&self, account: &AccountWork, handler: &dyn Handler, channel: &Channel) -> Option<Follower> {
        let runtime = self.runtime;
        let tasks = runtime.followed.get(&account.name).filter(|_| handler.stage() == ClaimStage::Poll)?;
        let store = Arc::clone(&runtime.parts.store);
        Some(Follower {
            account: account.name.clone(),
            tasks: Arc::clone(tasks),
            allowance: PollAllowance::new(account.name.clone(), account.limits, store, runtime.clock()),
            slots: Arc::clone(&channel.slots),
            assignments: channel.sender.downgrade(),
            in_flight: Arc::clone(&runtime.in_flight),
            timers: Arc::clone(self.timers),
            returner: self.returner(),
            clock: runtime.clock(),
            stopper: runtime.stopper(),
        })
    }

    fn returner(&self) -> Returner {
        let runtime = self.runtime;
        Returner {
            store: Arc::clone(&runtime.parts.store),
            committer: self.committer.clone(),
            fatal: Arc::clone(&runtime.fatal),
            rng: Arc::new(self.rng()),
        }
    }

    fn rng(&self) -> SharedRng {
        SharedRng::seeded(self.runtime.rng.seed())
    }

    fn claim(&self, account: &AccountWork, handler: &dyn Handler) -> Claim {
        let parts = &self.runtime.parts;
        Claim {
            stage: handler.stage(),
            account: account.name.clone(),
            limit: 0,
            worker: parts.worker.clone(),
            lease: parts.lease.saturating_add(handler.needs()),
            batch: parts.batch.clone(),
            except: Vec::new(),
            only_open: account.only_open,
        }
    }

    fn finisher(&self, account: &AccountWork, handler: &dyn Handler, handover: Option<Handover>) -> Finisher {
        Finisher {
            account: account.name.clone(),
            stage: handler.stage(),
            store: Arc::clone(&self.runtime.parts.store),
            committer: self.committer.clone(),
            timers: Arc::clone(self.timers),
            metrics: Arc::clone(&account.metrics),
            panics: Arc::clone(&self.panics),
            fatal: Arc::clone(&self.runtime.fatal),
            unpersisted: Arc::clone(&self.runtime.unpersisted),
            rng: self.rng(),
            handover,
            followed: self.runtime.followed.get(&account.name).cloned(),
        }
    }
}
