//! A job context, a provider and an exchange that note what is done with them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use reelq_model::{
    AccountName, BatchName, Digest, Event, Fields, Job, JobDraft, JobId, JobSpec, ManualClock, ModelName, ProviderName,
    Setback, SharedClock, SubmitOutcome, SystemClock, TaskId, Timestamp,
};
use reelq_provider::{
    BalanceOutcome, BuildError, CallbackSignature, CancelOutcome, Capability, Checked, FailedTasks, Idempotency,
    ImageFacts, PollOutcome, Provider, Reply, Request, SubmitInput,
};
use reelq_store::{Pause, SharedStore};
use reelq_store_sqlite::SqliteStore;
use reelq_submitter::{Images, Parts, SubmitSettings, Submitter};
use reelq_worker::{AccountMetrics, Exchange, Finish, Handler, JobContext, LeaseLost, SubmissionGate};

pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// What was done, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, note: impl Into<String>) {
        self.0.lock().unwrap().push(note.into());
    }

    /// Notes that a test is at this point.
    pub(crate) fn note(&self, note: &str) {
        self.add(note);
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A job context whose job moves as the stage machine says.
pub(crate) struct FakeJobContext {
    pub(crate) job: Arc<Job>,
    pub(crate) cancel: bool,
    pub(crate) now: Timestamp,
    /// One for each time it is asked; the last one stays.
    pub(crate) times_left: Mutex<VecDeque<Duration>>,
    pub(crate) loses_steps: bool,
    pub(crate) log: Log,
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
        let mut times = self.times_left.lock().unwrap();
        if times.len() > 1 { times.pop_front().unwrap() } else { times[0] }
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    async fn step(&mut self, event: Event) -> Result<(), LeaseLost> {
        self.log.add(format!("step {}", event.name()));
        if self.loses_steps {
            return Err(LeaseLost);
        }
        self.job = Arc::new(self.job.apply(event, self.now).unwrap().job);
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct FakeProvider {
    name: ProviderName,
    pub(crate) capability: Capability,
    /// Goes into each body; a newer version may build another.
    pub(crate) version: u32,
    pub(crate) refuses: bool,
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

    fn submit(&self, input: &SubmitInput<'_>) -> Result<Request, BuildError> {
        if self.refuses {
            return Err(BuildError::MissingImage { sha256: Digest::of(b"x") });
        }
        let body = format!("v{} {}", self.version, input.spec.prompt());
        let mut request = Request::post("/submit", body.into_bytes());
        request.headers.extend(input.key.map(|key| ("Idempotency-Key", key.to_string())));
        Ok(request)
    }

    fn submitted(&self, _: u32, _: &Reply) -> SubmitOutcome {
        panic!("the exchange answers in its place")
    }

    fn poll(&self, _: &JobSpec, _: &TaskId) -> Request {
        panic!("nothing is polled here")
    }

    fn polled(&self, _: &JobSpec, _: &TaskId, _: &Reply) -> PollOutcome {
        panic!("nothing is polled here")
    }

    fn cancel(&self, _: &TaskId) -> Option<Request> {
        None
    }

    fn cancelled(&self, _: &TaskId, _: &Reply) -> CancelOutcome {
        panic!("nothing is cancelled here")
    }

    fn balance(&self) -> Option<Request> {
        None
    }

    fn balanced(&self, _: &Reply) -> BalanceOutcome {
        panic!("nobody asks for the balance here")
    }
}

struct FakeExchange {
    outcome: Mutex<Option<SubmitOutcome>>,
    mark: Option<Digest>,
    log: Log,
}

#[async_trait]
impl Exchange for FakeExchange {
    async fn submit(&self, _: &dyn Provider, submission: u32, request: &Request) -> SubmitOutcome {
        let key = request.headers.first().map_or("no key", |(_, key)| key.as_str());
        let body = String::from_utf8(request.body.clone().unwrap().to_vec()).unwrap();
        self.log.add(format!("send {submission} `{body}` under {key}"));
        self.outcome.lock().unwrap().take().expect("one request at most is expected")
    }

    async fn call(&self, _: &Request) -> Result<Reply, Setback> {
        panic!("only paid requests are expected")
    }

    fn mark(&self, _: JobId) -> Option<Digest> {
        self.mark
    }
}

struct NoImages;

#[async_trait]
impl Images for NoImages {
    async fn image(&self, _: &reelq_model::BatchName, _: &Digest) -> std::io::Result<Option<Bytes>> {
        Ok(None)
    }
}

/// A submitter with everything around it.
pub(crate) struct Stand {
    pub(crate) context: FakeJobContext,
    pub(crate) provider: FakeProvider,
    pub(crate) settings: SubmitSettings,
    pub(crate) outcome: Option<SubmitOutcome>,
    /// The mark of the account's key.
    pub(crate) mark: Option<Digest>,
    pub(crate) submission_gate: Arc<SubmissionGate>,
    pub(crate) output_check: Option<Arc<dyn reelq_worker::OutputCheck>>,
    pub(crate) log: Log,
    pub(crate) store: SharedStore,
    _folder: tempfile::TempDir,
}

pub(crate) fn account() -> AccountName {
    AccountName::new("acct").unwrap()
}

fn job() -> Job {
    let mut fields = Fields::new();
    fields.insert("prompt".to_owned(), "a cat".into());
    let spec = JobSpec {
        account: account(),
        provider: ProviderName::new("wave").unwrap(),
        model: ModelName::new("hailuo-2.3").unwrap(),
        mode: "text-to-video".to_owned(),
        fields,
    };
    let batch = BatchName::new("films").unwrap();
    let id = JobId::derive(&batch, &spec.digest(), 1);
    Job::new(JobDraft { id, spec, price: None, priority: 0 }, batch, NOW)
}

fn capability() -> Capability {
    Capability {
        idempotency: Idempotency::Replay { window: Duration::from_hours(24) },
        cancel: false,
        balance: false,
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
    /// A ready job, a provider that replays keys, and plenty of time.
    pub(crate) fn new() -> Self {
        let log = Log::default();
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::starting_at(NOW));
        let store = Arc::new(SqliteStore::open(&folder.path().join("state.db"), clock).unwrap());
        let context = FakeJobContext {
            job: Arc::new(job()),
            cancel: false,
            now: NOW,
            times_left: Mutex::new(VecDeque::from([Duration::from_mins(1)])),
            loses_steps: false,
            log: log.clone(),
        };
        let name = ProviderName::new("wave").unwrap();
        Self {
            context,
            provider: FakeProvider { name, capability: capability(), version: 1, refuses: false },
            settings: SubmitSettings { requests_per_second: 1000.0.into(), ..SubmitSettings::default() },
            outcome: None,
            mark: None,
            submission_gate: Arc::default(),
            output_check: None,
            log,
            store,
            _folder: folder,
        }
    }

    /// Another job of the same account, with the provider as it was.
    pub(crate) fn anew(mut self) -> Self {
        let mut job = job();
        job.id = JobId::from_bytes([9; 16]);
        self.context.job = Arc::new(job);
        self.provider.refuses = false;
        self
    }

    pub(crate) fn without_keys(mut self) -> Self {
        self.provider.capability.idempotency = Idempotency::None;
        self
    }

    pub(crate) fn answering(mut self, outcome: SubmitOutcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// Moves the job on, as an earlier worker did.
    pub(crate) fn after(mut self, event: Event) -> Self {
        self.context.job = Arc::new(self.context.job.apply(event, NOW).unwrap().job);
        self
    }

    /// Handles the job once: what the handler did, and what it said.
    pub(crate) async fn handle(&mut self) -> Finish {
        let clock: SharedClock = Arc::new(SystemClock::new());
        let name = self.provider.name.clone();
        let spare = FakeProvider { name, capability: capability(), version: 0, refuses: true };
        let submitter = Submitter::new(Parts {
            account: account(),
            provider: Arc::new(std::mem::replace(&mut self.provider, spare)),
            exchange: Arc::new(FakeExchange {
                outcome: Mutex::new(self.outcome.take()),
                mark: self.mark,
                log: self.log.clone(),
            }),
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
        let accounts = self.store.accounts().await.unwrap();
        let pauses: BTreeMap<_, _> = accounts.into_iter().map(|view| (view.name, view.pauses)).collect();
        pauses.get(&account()).cloned().unwrap_or_default()
    }
}
