//! A submitter with everything around it, scripted.

use std::{sync::Arc, time::Duration};

use reelq_model::{Digest, Event, JobId, SharedClock, SubmitOutcome, SystemClock};
use reelq_provider::Idempotency;
use reelq_store::{Pause, SharedStore};
use reelq_submitter::{SubmitSettings, Submitter, SubmitterParts};
use reelq_testkit::{
    CallLog, FakeExchange, FakeJobContext, FakeProvider, TestStore,
    sample::{self, NOW},
};
use reelq_worker::{AccountMetrics, Finish, Handler, OutputCheck, SubmissionGate};

use crate::images::NoImages;

pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) struct Stand {
    pub(crate) context: FakeJobContext,
    pub(crate) provider: FakeProvider,
    pub(crate) settings: SubmitSettings,
    pub(crate) exchange: FakeExchange,
    pub(crate) submission_gate: Arc<SubmissionGate>,
    pub(crate) output_check: Option<Arc<dyn OutputCheck>>,
    pub(crate) log: CallLog,
    pub(crate) store: SharedStore,
    own: TestStore,
}

impl Stand {
    /// A ready job, a provider that replays keys, and plenty of time.
    pub(crate) fn new() -> Self {
        let (own, exchange) = (TestStore::with_standing_clock(), FakeExchange::default());
        let log = exchange.log.clone();
        Self {
            context: FakeJobContext { log: log.clone(), ..FakeJobContext::new(sample::job("a cat")) },
            provider: FakeProvider::new(sample::capability()),
            settings: SubmitSettings { requests_per_second: 1000.0.into(), ..SubmitSettings::default() },
            exchange,
            submission_gate: Arc::default(),
            output_check: None,
            log,
            store: Arc::clone(&own.store),
            own,
        }
    }

    /// Another job of the same account.
    pub(crate) fn anew(mut self) -> Self {
        self.turn_to_a_new_job(9);
        self
    }

    /// Turns to another job of the same account, with this number.
    pub(crate) fn turn_to_a_new_job(&mut self, number: u8) {
        let mut job = sample::job("a cat");
        job.id = JobId::from_bytes([number; 16]);
        self.context.job = Arc::new(job);
    }

    pub(crate) fn without_keys(mut self) -> Self {
        self.provider.capability.idempotency = Idempotency::None;
        self
    }

    pub(crate) fn answering(self, outcome: SubmitOutcome) -> Self {
        self.exchange.outcomes.push(outcome);
        self
    }

    /// The account has another key from here on.
    pub(crate) fn change_key(&self) {
        self.exchange.set_fingerprint(Some(Digest::of(b"another key")));
    }

    /// Moves the job on, as an earlier worker did.
    pub(crate) fn after(mut self, event: Event) -> Self {
        self.context.apply(event, NOW);
        self
    }

    /// Handles the job once.
    pub(crate) async fn handle(&mut self) -> Finish {
        let clock: SharedClock = Arc::new(SystemClock::new());
        let submitter = Submitter::new(SubmitterParts {
            account: sample::account(),
            provider: Arc::new(self.provider.clone()),
            exchange: Arc::new(self.exchange.clone()),
            store: Arc::clone(&self.store),
            images: Arc::new(NoImages),
            submission_gate: Arc::clone(&self.submission_gate),
            output_check: self.output_check.clone(),
            metrics: Arc::new(AccountMetrics::default()),
            settings: self.settings.clone(),
            request_timeout: TIMEOUT,
            first_poll: Arc::new(|_| Duration::from_secs(7)),
            clock,
            seed: 1,
        });
        submitter.handle(&mut self.context).await
    }

    pub(crate) async fn pauses(&self) -> Vec<Pause> {
        self.own.pauses().await
    }
}
