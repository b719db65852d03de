//! One running job under a poller, with a scripted provider.

use std::{sync::Arc, time::Duration};

use reelq_model::{Digest, Event, Failure, Job, Stage};
use reelq_poller::{PollPlan, PollSchedule, PollSettings, Poller, PollerParts};
use reelq_provider::{BalanceOutcome, CancelOutcome, Capability, Idempotency, PollOutcome};
use reelq_store::Pause;
use reelq_testkit::{
    FakeExchange, FakeJobContext, FakeProvider, Polled, Script, Steps, TestStore,
    sample::{self, NOW},
};
use reelq_worker::{AccountMetrics, Finish, Handler, SharedRng};

pub(crate) const PLAN: PollPlan =
    PollPlan { first: Duration::from_secs(2), min: Duration::from_secs(1), max: Duration::from_secs(10), growth: 1.5 };

/// One running job under a poller.
pub(crate) struct Stand {
    context: FakeJobContext,
    poller: Poller,
    answers: Script<PollOutcome>,
    cancels: Script<CancelOutcome>,
    balances: Script<BalanceOutcome>,
    beside: Arc<Job>,
    exchange: FakeExchange,
    pub(crate) metrics: Arc<AccountMetrics>,
    own: TestStore,
}

impl Stand {
    pub(crate) fn new() -> Self {
        Self::with_cancel(true)
    }

    pub(crate) fn with_cancel(cancel: bool) -> Self {
        Self::of(cancel, false)
    }

    /// The provider has a balance to ask for.
    pub(crate) fn with_balance() -> Self {
        Self::of(true, true)
    }

    fn of(cancel: bool, balance: bool) -> Self {
        let (own, answers) = (TestStore::with_standing_clock(), Script::default());
        let (exchange, metrics) = (FakeExchange::default(), Arc::new(AccountMetrics::default()));
        let capability = Capability { idempotency: Idempotency::None, cancel, balance, ..sample::capability() };
        let provider = FakeProvider { polled: Polled::Scripted(answers.clone()), ..FakeProvider::new(capability) };
        let (cancels, balances) = (provider.cancels.clone(), provider.balances.clone());
        let poller = Poller::new(PollerParts {
            account: sample::account(),
            provider: Arc::new(provider),
            exchange: Arc::new(exchange.clone()),
            store: Arc::clone(&own.store),
            metrics: Arc::clone(&metrics),
            settings: PollSettings::default(),
            retries: 3,
            schedule: Arc::new(PollSchedule::new(PLAN, SharedRng::seeded(1))),
            seed: 1,
        });
        let job = sample::running_job("a cat", 1, "t1");
        let context = FakeJobContext { steps: Steps::Forbidden, ..FakeJobContext::new(job) };
        let beside = Arc::new(sample::running_job("a cat", 2, "t2"));
        Self { context, poller, answers, cancels, balances, beside, exchange, metrics, own }
    }

    pub(crate) fn edit(mut self, edit: impl FnOnce(&mut Job)) -> Self {
        self.context.edit(edit);
        self
    }

    pub(crate) fn cancel_requested(mut self) -> Self {
        self.context.cancel_requested = true;
        self
    }

    pub(crate) fn answer_to_cancel(&self, outcome: CancelOutcome) {
        self.cancels.push(outcome);
    }

    pub(crate) fn answer_to_balance(&self, outcome: BalanceOutcome) {
        self.balances.push(outcome);
    }

    /// Turns to the other task of the account.
    pub(crate) fn turn_to_the_other(&mut self) {
        std::mem::swap(&mut self.context.job, &mut self.beside);
    }

    /// Something else than a look happens to the job, `age` after the acceptance.
    pub(crate) fn happens(&mut self, age: Duration, event: Event) {
        self.context.apply(event, NOW.after(age));
    }

    /// Looks once, `age` after the acceptance; the event is applied to the job.
    pub(crate) async fn poll(&mut self, age: Duration, answer: PollOutcome) -> Event {
        self.answers.push(answer);
        self.handle(age).await
    }

    /// The account has another key from here on.
    pub(crate) fn change_key(&self) {
        self.exchange.set_fingerprint(Some(Digest::of(b"another key")));
    }

    /// Looks once while the network is down.
    pub(crate) async fn poll_in_vain(&mut self, age: Duration) -> Event {
        self.exchange.set_down(true);
        let event = self.handle(age).await;
        self.exchange.set_down(false);
        event
    }

    pub(crate) async fn handle(&mut self, age: Duration) -> Event {
        self.context.now = NOW.after(age);
        let finish = self.poller.handle(&mut self.context).await;
        let Finish::Event(event) = finish else { panic!("{finish:?}") };
        self.context.apply(event.clone(), self.context.now);
        event
    }

    pub(crate) fn job(&self) -> &Job {
        &self.context.job
    }

    /// Why it failed.
    pub(crate) fn failure(&self) -> &Failure {
        let Stage::Failed { failure, .. } = &self.job().stage else { panic!("{:?}", self.job().stage) };
        failure
    }

    pub(crate) fn sent(&self) -> Vec<String> {
        self.exchange.log.all()
    }

    pub(crate) async fn pauses(&self) -> Vec<Pause> {
        self.own.pauses().await
    }
}
