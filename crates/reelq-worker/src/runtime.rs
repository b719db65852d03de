//! Starts every stage worker, waits for the end, and winds down. A crash at any point is as safe as the end: leases lapse.

use std::{sync::Arc, time::Duration};

use reelq_model::{SharedClock, Stage, WorkerId};
use reelq_store::{Result, SharedStore};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    AccountWork, Builder, RunEnd, SharedRng, Spawner, Stopper,
    change_listener::ChangeListener,
    committer::{CommitTask, Committer},
    drain_monitor::DrainMonitor,
    fatal_error::FatalError,
    followed_tasks::FollowedByAccount,
    in_flight::InFlightSet,
    lease_renewer::LeaseRenewer,
    leased_job::LeasedJob,
    renamed_accounts::{RenamedAccount, RenamedAccounts},
    retry::retry_transient,
    stage_workers,
    unpersisted::UnpersistedAcceptances,
    wakeup_timers::WakeupTimers,
};

/// What is left to do once handlers are dropped must be done within this.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long a store with a fatal error is asked to take the answers of paid requests, once all of them have come.
const LAST_TRIES: Duration = Duration::from_secs(3);
/// How often it is looked whether they have.
const LOOK: Duration = Duration::from_millis(50);

/// The workers of one process.
#[derive(Debug)]
pub struct Runtime {
    pub(crate) parts: Builder,
    pub(crate) in_flight: Arc<InFlightSet>,
    pub(crate) followed: FollowedByAccount,
    pub(crate) fatal: Arc<FatalError>,
    pub(crate) spawner: Spawner,
    pub(crate) unpersisted: Arc<UnpersistedAcceptances>,
    pub(crate) rng: SharedRng,
    done: CancellationToken,
}

impl Runtime {
    /// Collects the parts of a runtime; `worker` names this process among all that work on the store.
    pub fn builder(store: SharedStore, clock: SharedClock, worker: WorkerId) -> Builder {
        Builder::new(store, clock, worker)
    }

    pub(crate) fn new(parts: Builder) -> Self {
        let rng = SharedRng::seeded(parts.seed);
        Self {
            followed: stage_workers::followed_tasks(&parts),
            parts,
            in_flight: Arc::default(),
            fatal: Arc::default(),
            spawner: Spawner::default(),
            unpersisted: Arc::default(),
            rng,
            done: CancellationToken::new(),
        }
    }

    /// Stops the runtime from elsewhere.
    pub fn stopper(&self) -> Stopper {
        self.parts.stopper.clone()
    }

    fn store(&self) -> &SharedStore {
        &self.parts.store
    }

    /// Works until the batch is done or stuck, or until it is stopped; then winds down.
    pub async fn run(self) -> Result<RunEnd> {
        tokio::select! {
            signed_on = self.sign_on() => signed_on?,
            () = self.parts.stopper.stopping() => return Ok(RunEnd::Stopped),
        }
        let (committer, task) = Committer::new(
            Arc::clone(self.store()),
            self.clock(),
            Arc::clone(&self.fatal),
            SharedRng::seeded(self.rng.seed()),
            Arc::clone(&self.parts.signals),
        );
        let timers = stage_workers::wakeup_timers(&self.parts);
        let running: Vec<_> = stage_workers::build(&self, &committer, &timers)
            .into_iter()
            .map(|worker| worker.start(&self.spawner, &self.parts.stopper))
            .collect();
        drop(committer);
        let committing = self.start_services(task, &timers);
        let ending = self.wait_for_end(timers).await.unwrap_or_else(|error| {
            self.fatal.raise(error);
            RunEnd::Stopped
        });
        self.wind_down(running, committing).await;
        match self.fatal.take() {
            Some(error) => Err(error),
            None => Ok(ending),
        }
    }

    pub(crate) fn clock(&self) -> SharedClock {
        Arc::clone(&self.parts.clock)
    }

    async fn sign_on(&self) -> Result<()> {
        let store = self.store();
        retry_transient(&self.rng, || store.heartbeat(&self.parts.worker)).await?;
        for account in self.parts.accounts.iter().filter(|account| account.was.is_none()) {
            if let Some(limits) = &account.limits {
                retry_transient(&self.rng, || store.set_limits(&account.name, limits)).await?;
            }
        }
        let renamed_accounts = self.renamed_accounts();
        retry_transient(&self.rng, || renamed_accounts.set()).await
    }

    fn renamed_accounts(&self) -> RenamedAccounts {
        let renamed = |work: &AccountWork| {
            Some(RenamedAccount { name: work.name.clone(), was: work.was.clone()?, limits: work.limits? })
        };
        RenamedAccounts {
            store: Arc::clone(self.store()),
            gate: Arc::clone(&self.parts.gate),
            all: self.parts.accounts.iter().filter_map(renamed).collect(),
            done: self.done.clone(),
        }
    }

    fn start_services(&self, task: CommitTask, timers: &Arc<WakeupTimers>) -> JoinHandle<()> {
        let renewer = LeaseRenewer {
            worker: self.parts.worker.clone(),
            store: Arc::clone(self.store()),
            clock: self.clock(),
            in_flight: Arc::clone(&self.in_flight),
            followed: self.followed.clone(),
            overview: Arc::clone(&self.parts.overview),
            timers: Arc::clone(timers),
            fatal: Arc::clone(&self.fatal),
            every: self.parts.lease / 3,
            signals: Arc::clone(&self.parts.signals),
            done: self.done.clone(),
        };
        let listener = ChangeListener {
            store: Arc::clone(self.store()),
            timers: Arc::clone(timers),
            followed: self.followed.clone(),
            overview: Arc::clone(&self.parts.overview),
            done: self.done.clone(),
        };
        self.spawner.spawn(renewer.run());
        self.spawner.spawn(listener.run());
        self.spawner.spawn(self.renamed_accounts().run());
        self.spawner.spawn(task.run())
    }

    async fn wait_for_end(&self, timers: Arc<WakeupTimers>) -> Result<RunEnd> {
        let monitor = DrainMonitor {
            drain: self.parts.drain,
            batch: self.parts.batch.clone(),
            patience: self.parts.lease.saturating_mul(4),
            wait_at_most: self.parts.waits_at_most(),
            store: Arc::clone(self.store()),
            clock: self.clock(),
            worker: self.parts.worker.clone(),
            in_flight: Arc::clone(&self.in_flight),
            followed: self.followed.clone(),
            timers,
            metrics: self.parts.accounts.iter().map(|work| (work.name.clone(), Arc::clone(&work.metrics))).collect(),
            every: Duration::from_millis(500),
            signals: Arc::clone(&self.parts.signals),
            gate: Arc::clone(&self.parts.gate),
        };
        tokio::select! {
            biased;
            () = self.parts.stopper.stopping() => Ok(RunEnd::Stopped),
            () = self.fatal.raised() => Ok(RunEnd::Stopped),
            ending = monitor.ended() => ending,
        }
    }

    async fn wind_down(&self, running: Vec<JoinHandle<()>>, committing: JoinHandle<()>) {
        let stopper = &self.parts.stopper;
        // No one stopped it, so no one waits for its end: paid requests have their own time-outs.
        let is_hurried = !self.fatal.is_raised();
        stopper.begin();
        let mut workers = Box::pin(futures_util::future::join_all(running));
        tokio::select! {
            _ = &mut workers => {}
            () = stopper.cutting() => {}
            () = self.brought_home() => {}
            () = tokio::time::sleep(self.parts.grace), if is_hurried => {}
        }
        stopper.cut();
        let last = async {
            workers.await;
            // Every hand that can commit is gone, so the committer ends with the last step.
            committing.await.ok();
            self.done.cancel();
            if let Err(error) = self.store().deregister(&self.parts.worker).await {
                tracing::warn!(%error, "the worker could not sign off; its leases lapse by themselves");
            }
        };
        if timeout(LAST_WORDS, last).await.is_err() {
            tracing::warn!("ended before everything was given back; what is left lapses by itself");
            self.unpersisted.log_all();
        }
        self.done.cancel();
    }

    /// After a fatal error of the store: every paid request has its answer, and the store was asked to take it for a while.
    async fn brought_home(&self) {
        self.fatal.raised().await;
        let at_the_vendor = |leased: &Arc<LeasedJob>| matches!(leased.job().stage, Stage::Submitting { .. });
        while self.in_flight.all().iter().filter(|leased| at_the_vendor(leased)).count() > self.unpersisted.len() {
            tokio::time::sleep(LOOK).await;
        }
        if self.unpersisted.len() > 0 {
            tokio::time::sleep(LAST_TRIES).await;
        }
    }
}
