//! A running task, and a provider whose next answers are scripted.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use reelq_model::{
    Acceptance, AccountName, BatchName, Digest, Event, Failure, Fields, Job, JobDraft, JobId, JobSpec, ManualClock,
    ModelName, ProviderName, Setback, Stage, Submission, SubmitOutcome, TaskId, Timestamp,
};
use reelq_poller::{Parts, PollPlan, PollSettings, Poller, Schedule};
use reelq_provider::{
    BalanceOutcome, BuildError, CallbackSignature, CancelOutcome, Capability, Checked, FailedTasks, Idempotency,
    ImageFacts, PollOutcome, Provider, Reply, Request, SubmitInput,
};
use reelq_store::{Pause, SharedStore};
use reelq_store_sqlite::SqliteStore;
use reelq_worker::{AccountMetrics, Exchange, Finish, Handler, JobContext, LeaseLost, SharedRng};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
pub(crate) const PLAN: PollPlan =
    PollPlan { first: Duration::from_secs(2), min: Duration::from_secs(1), max: Duration::from_secs(10), growth: 1.5 };

#[derive(Debug)]
struct FakeProvider {
    name: ProviderName,
    capability: Capability,
    answers: Arc<Mutex<VecDeque<PollOutcome>>>,
    cancels: Arc<Mutex<VecDeque<CancelOutcome>>>,
    balances: Arc<Mutex<VecDeque<BalanceOutcome>>>,
}

impl Provider for FakeProvider {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn capability(&self) -> &Capability {
        &self.capability
    }

    fn check(&self, _: &str, _: Option<&str>, _: &Fields) -> Checked {
        panic!("rows are not checked here")
    }

    fn check_image(&self, _: &str, _: &str, _: &ImageFacts) -> Vec<reelq_model::Finding> {
        panic!("images are not checked here")
    }

    fn submit(&self, _: &SubmitInput<'_>) -> Result<Request, BuildError> {
        panic!("a poller buys nothing")
    }

    fn submitted(&self, _: u32, _: &Reply) -> SubmitOutcome {
        panic!("a poller buys nothing")
    }

    fn poll(&self, _: &JobSpec, task: &TaskId) -> Request {
        Request::get(format!("/tasks/{task}"))
    }

    fn polled(&self, _: &JobSpec, _: &TaskId, _: &Reply) -> PollOutcome {
        self.answers.lock().unwrap().pop_front().expect("no look more was expected")
    }

    fn cancel(&self, task: &TaskId) -> Option<Request> {
        Some(Request::post(format!("/tasks/{task}/cancel"), Vec::new()))
    }

    fn cancelled(&self, _: &TaskId, _: &Reply) -> CancelOutcome {
        self.cancels.lock().unwrap().pop_front().expect("no cancel request more was expected")
    }

    fn balance(&self) -> Option<Request> {
        Some(Request::get("/balance"))
    }

    fn balanced(&self, _: &Reply) -> BalanceOutcome {
        self.balances.lock().unwrap().pop_front().expect("no balance request more was expected")
    }
}

#[derive(Clone, Default)]
struct FakeExchange {
    sent: Arc<Mutex<Vec<String>>>,
    down: Arc<Mutex<bool>>,
    mark: Arc<Mutex<Option<Digest>>>,
}

#[async_trait]
impl Exchange for FakeExchange {
    async fn submit(&self, _: &dyn Provider, _: u32, _: &Request) -> SubmitOutcome {
        panic!("a poller buys nothing")
    }

    async fn call(&self, request: &Request) -> Result<Reply, Setback> {
        self.sent.lock().unwrap().push(request.path.clone());
        if *self.down.lock().unwrap() {
            return Err(Setback::new("connection reset"));
        }
        Ok(Reply::whole(200, "", NOW))
    }

    fn mark(&self, _: JobId) -> Option<Digest> {
        *self.mark.lock().unwrap()
    }
}

struct FakeJobContext {
    job: Arc<Job>,
    now: Timestamp,
    cancel: bool,
}

#[async_trait]
impl JobContext for FakeJobContext {
    fn job(&self) -> &Arc<Job> {
        &self.job
    }

    fn cancel_requested(&self) -> bool {
        self.cancel
    }

    fn time_left(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    async fn step(&mut self, event: Event) -> Result<(), LeaseLost> {
        panic!("a poller makes no step: {event:?}")
    }
}

/// One running job under a poller.
pub(crate) struct Stand {
    context: FakeJobContext,
    poller: Poller,
    answers: Arc<Mutex<VecDeque<PollOutcome>>>,
    cancels: Arc<Mutex<VecDeque<CancelOutcome>>>,
    balances: Arc<Mutex<VecDeque<BalanceOutcome>>>,
    beside: Arc<Job>,
    exchange: FakeExchange,
    pub(crate) metrics: Arc<AccountMetrics>,
    pub(crate) store: SharedStore,
    _folder: tempfile::TempDir,
}

fn account() -> AccountName {
    AccountName::new("acct").unwrap()
}

pub(crate) fn spec() -> JobSpec {
    JobSpec {
        account: account(),
        provider: ProviderName::new("wave").unwrap(),
        model: ModelName::new("hailuo-2.3").unwrap(),
        mode: "text-to-video".to_owned(),
        fields: Fields::new(),
    }
}

fn running_job(copy: u32, task: &str) -> Job {
    let batch = BatchName::new("films").unwrap();
    let id = JobId::derive(&batch, &spec().digest(), copy);
    let job = Job::new(JobDraft { id, spec: spec(), price: None, priority: 0 }, batch, NOW);
    let submission = Submission { number: 1, key: job.next_key(), body: Digest::of(b""), at: NOW, mark: None };
    let acceptance =
        Acceptance { task: TaskId::new(task).unwrap(), submission: 1, cost: None, at: NOW, outputs: Vec::new() };
    let job = job.apply(Event::Sending { submission }, NOW).unwrap().job;
    job.apply(Event::Accepted { acceptance, first_poll: Duration::ZERO }, NOW).unwrap().job
}

fn capability(cancel: bool, balance: bool) -> Capability {
    Capability {
        idempotency: Idempotency::None,
        cancel,
        balance,
        link_lifetime: None,
        price_known: true,
        failed_tasks: FailedTasks::Refunded,
        callback_signature: CallbackSignature::None,
        not_found_grace: Duration::from_mins(1),
        first_poll: Duration::from_secs(5),
        poll_interval: Duration::from_secs(5),
    }
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
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::starting_at(NOW));
        let store: SharedStore = Arc::new(SqliteStore::open(&folder.path().join("state.db"), clock).unwrap());
        let (answers, cancels, balances) = (Arc::default(), Arc::default(), Arc::default());
        let (exchange, metrics) = (FakeExchange::default(), Arc::new(AccountMetrics::default()));
        let provider = FakeProvider {
            name: spec().provider,
            capability: capability(cancel, balance),
            answers: Arc::clone(&answers),
            cancels: Arc::clone(&cancels),
            balances: Arc::clone(&balances),
        };
        let poller = Poller::new(Parts {
            account: account(),
            provider: Arc::new(provider),
            exchange: Arc::new(exchange.clone()),
            store: Arc::clone(&store),
            metrics: Arc::clone(&metrics),
            settings: PollSettings::default(),
            retries: 3,
            schedule: Arc::new(Schedule::new(PLAN, SharedRng::seeded(1))),
            seed: 1,
        });
        let context = FakeJobContext { job: Arc::new(running_job(1, "t1")), now: NOW, cancel: false };
        let beside = Arc::new(running_job(2, "t2"));
        Self { context, poller, answers, cancels, balances, beside, exchange, metrics, store, _folder: folder }
    }

    pub(crate) fn edit(mut self, edit: impl FnOnce(&mut Job)) -> Self {
        let mut job = (*self.context.job).clone();
        edit(&mut job);
        self.context.job = Arc::new(job);
        self
    }

    pub(crate) fn cancel_requested(mut self) -> Self {
        self.context.cancel = true;
        self
    }

    pub(crate) fn answer_to_cancel(&self, outcome: CancelOutcome) {
        self.cancels.lock().unwrap().push_back(outcome);
    }

    pub(crate) fn answer_to_balance(&self, outcome: BalanceOutcome) {
        self.balances.lock().unwrap().push_back(outcome);
    }

    /// Turns to the other task of the account.
    pub(crate) fn turn_to_the_other(&mut self) {
        std::mem::swap(&mut self.context.job, &mut self.beside);
    }

    /// Something else than a look happens to the job, `age` after the acceptance.
    pub(crate) fn happens(&mut self, age: Duration, event: Event) {
        self.context.job = Arc::new(self.context.job.apply(event, NOW.after(age)).unwrap().job);
    }

    /// Looks once, `age` after the acceptance; the event is applied to the job.
    pub(crate) async fn look(&mut self, age: Duration, answer: PollOutcome) -> Event {
        self.answers.lock().unwrap().push_back(answer);
        self.handle(age).await
    }

    /// The account has another key from here on.
    pub(crate) fn change_key(&self) {
        *self.exchange.mark.lock().unwrap() = Some(Digest::of(b"another key"));
    }

    /// Looks once while the network is down.
    pub(crate) async fn look_in_vain(&mut self, age: Duration) -> Event {
        *self.exchange.down.lock().unwrap() = true;
        let event = self.handle(age).await;
        *self.exchange.down.lock().unwrap() = false;
        event
    }

    pub(crate) async fn handle(&mut self, age: Duration) -> Event {
        self.context.now = NOW.after(age);
        let finish = self.poller.handle(&mut self.context).await;
        let Finish::Event(event) = finish else { panic!("{finish:?}") };
        self.context.job = Arc::new(self.context.job.apply(event.clone(), self.context.now).unwrap().job);
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
        self.exchange.sent.lock().unwrap().clone()
    }

    pub(crate) async fn pauses(&self) -> Vec<Pause> {
        let accounts = self.store.accounts().await.unwrap();
        accounts.into_iter().find(|view| view.name == account()).map(|view| view.pauses).unwrap_or_default()
    }
}
