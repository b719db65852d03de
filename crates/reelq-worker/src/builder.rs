//! What a runtime is made of: accounts with their handlers, and how it behaves.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use reelq_model::{AccountName, BatchName, SharedClock, WorkerId};
use reelq_store::{AccountLimits, SharedStore};

use crate::{AccountMetrics, Handler, Overview, Runtime, Stopper, SubmissionGate, TestSignals};

/// One account's work.
#[derive(Clone)]
pub struct AccountWork {
    pub(crate) name: AccountName,
    pub(crate) limits: Option<AccountLimits>,
    pub(crate) metrics: Arc<AccountMetrics>,
    pub(crate) handlers: Vec<(Arc<dyn Handler>, NonZeroUsize)>,
    pub(crate) usual_wait: Duration,
    pub(crate) only_open: bool,
    pub(crate) was: Option<AccountName>,
}

impl AccountWork {
    /// Starts without handlers. Limits, where given, become the account's in the store; the last word holds.
    pub fn new(name: AccountName, limits: Option<AccountLimits>, metrics: Arc<AccountMetrics>) -> Self {
        Self { name, limits, metrics, handlers: Vec::new(), usual_wait: Duration::ZERO, only_open: false, was: None }
    }

    /// Its jobs wait up to this long while all is well: no runtime ends because of such a wait.
    #[must_use]
    pub fn usual_wait(mut self, usual: Duration) -> Self {
        self.usual_wait = usual;
        self
    }

    /// It acts for an earlier name of its own too: what that one has in flight, and has spent, counts against its limits.
    #[must_use]
    pub fn acts_for(mut self, was: AccountName) -> Self {
        self.was = Some(was);
        self
    }

    /// Buys nothing anew: follows what was bought, and asks for submissions whose fate is open.
    #[must_use]
    pub fn only_open(mut self) -> Self {
        self.only_open = true;
        self
    }

    /// Adds a stage's handler with the number of jobs that it may work on at once.
    #[must_use]
    pub fn handler(mut self, handler: Arc<dyn Handler>, slots: NonZeroUsize) -> Self {
        self.handlers.push((handler, slots));
        self
    }
}

impl std::fmt::Debug for AccountWork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stages: Vec<_> = self.handlers.iter().map(|(handler, slots)| (handler.stage(), slots)).collect();
        f.debug_struct("AccountWork").field("name", &self.name).field("stages", &stages).finish_non_exhaustive()
    }
}

/// Collects what a [`Runtime`] is made of.
#[derive(Debug)]
pub struct Builder {
    pub(crate) store: SharedStore,
    pub(crate) clock: SharedClock,
    pub(crate) worker: WorkerId,
    pub(crate) accounts: Vec<AccountWork>,
    pub(crate) batch: Option<BatchName>,
    pub(crate) drain: bool,
    pub(crate) lease: Duration,
    pub(crate) grace: Duration,
    pub(crate) wait_at_most: Duration,
    pub(crate) seed: u64,
    pub(crate) gate: Arc<SubmissionGate>,
    pub(crate) overview: Arc<Overview>,
    pub(crate) stopper: Stopper,
    pub(crate) signals: Arc<TestSignals>,
}

impl Builder {
    pub(crate) fn new(store: SharedStore, clock: SharedClock, worker: WorkerId) -> Self {
        let overview = Arc::new(Overview::new(Arc::clone(&store), Arc::clone(&clock), None));
        Self {
            store,
            clock,
            worker,
            accounts: Vec::new(),
            batch: None,
            drain: false,
            lease: Duration::from_secs(15),
            grace: Duration::from_secs(40),
            wait_at_most: Duration::from_mins(15),
            seed: 0,
            gate: Arc::default(),
            overview,
            stopper: Stopper::default(),
            signals: Arc::default(),
        }
    }

    /// Works for an account.
    #[must_use]
    pub fn account(mut self, account: AccountWork) -> Self {
        self.accounts.push(account);
        self
    }

    /// Works on this batch only, and ends when nothing of it can move any more.
    #[must_use]
    pub fn batch(mut self, batch: BatchName) -> Self {
        self.batch = Some(batch);
        self.drain = true;
        self
    }

    /// Whether it ends by itself, when nothing of its batch, or of any batch where none is named, can move any more.
    /// The default without a batch is that it does not.
    #[must_use]
    pub fn drain(mut self, drain: bool) -> Self {
        self.drain = drain;
        self
    }

    /// How long a job stays leased to this process once the process is gone; a handler's own needs come on top.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// A runtime that ends by itself ends, too, once nothing is due within this time; but never because of a wait that is
    /// usual for one of its accounts.
    #[must_use]
    pub fn wait_at_most(mut self, wait: Duration) -> Self {
        self.wait_at_most = wait;
        self
    }

    pub(crate) fn waits_at_most(&self) -> Duration {
        let usual = self.accounts.iter().map(|work| work.usual_wait).max();
        self.wait_at_most.max(usual.unwrap_or_default())
    }

    /// How long requests in flight may take to finish once the runtime stops.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Seeds every random delay of the runtime.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Claims nothing for which this gate is closed.
    #[must_use]
    pub fn submission_gate(mut self, gate: Arc<SubmissionGate>) -> Self {
        self.gate = gate;
        self
    }

    /// Tells this overview of news, and takes it easy while nothing in it is outstanding. It must tell of all that is worked on.
    #[must_use]
    pub fn overview(mut self, overview: Arc<Overview>) -> Self {
        self.overview = overview;
        self
    }

    /// Stops with this stopper instead of one of its own.
    #[must_use]
    pub fn stopper(mut self, stopper: Stopper) -> Self {
        self.stopper = stopper;
        self
    }

    /// Lets a test wait for what the runtime does.
    #[must_use]
    pub fn test_signals(mut self, signals: Arc<TestSignals>) -> Self {
        self.signals = signals;
        self
    }

    /// The runtime, ready to run.
    pub fn build(self) -> Runtime {
        Runtime::new(self)
    }
}
