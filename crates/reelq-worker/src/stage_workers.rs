//! Builds the stage workers of a runtime: one for each handler of each account.

use std::{num::NonZeroUsize, sync::Arc};

use reelq_store::Claim;
use tokio::sync::{Semaphore, mpsc};

use crate::{
    AccountWork, Builder, Handler, Runtime, SharedRng,
    claimer::{Claimer, Returner},
    commit_layer::CommitLayer,
    committer::Committer,
    finisher::Finisher,
    panics::Panics,
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

pub(crate) fn build(runtime: &Runtime, committer: &Committer, timers: &Arc<WakeupTimers>) -> Vec<StageWorker> {
    let factory = Factory { runtime, committer, timers, panics: Arc::default() };
    let accounts = runtime.parts.accounts.iter();
    accounts
        .flat_map(|account| account.handlers.iter().map(move |(handler, slots)| (account, handler, *slots)))
        .filter_map(|(account, handler, slots)| factory.worker(account, handler, slots))
        .collect()
}

struct Factory<'a> {
    runtime: &'a Runtime,
    committer: &'a Committer,
    timers: &'a Arc<WakeupTimers>,
    panics: Arc<Panics>,
}

impl Factory<'_> {
    fn worker(&self, account: &AccountWork, handler: &Arc<dyn Handler>, slots: NonZeroUsize) -> Option<StageWorker> {
        let runtime = self.runtime;
        let (sender, receiver) = mpsc::channel(slots.get());
        let returner = Returner {
            store: Arc::clone(&runtime.parts.store),
            fatal: Arc::clone(&runtime.fatal),
            rng: Arc::new(self.rng()),
        };
        let claimer = Claimer {
            claim: self.claim(account, handler.as_ref()),
            limits: account.limits,
            store: Arc::clone(&runtime.parts.store),
            clock: runtime.clock(),
            slots: Arc::new(Semaphore::new(slots.get())),
            timer: self.timers.of(&account.name, handler.stage())?,
            gate: Arc::clone(&runtime.parts.gate),
            in_flight: Arc::clone(&runtime.in_flight),
            assignments: sender,
            stopper: runtime.stopper(),
            signals: Arc::clone(&runtime.parts.signals),
            fatal: Arc::clone(&runtime.fatal),
            returner: returner.clone(),
            rng: self.rng(),
        };
        let layer = CommitLayer(Arc::new(self.finisher(account, handler.as_ref())));
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
        })
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

    fn finisher(&self, account: &AccountWork, handler: &dyn Handler) -> Finisher {
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
        }
    }
}
