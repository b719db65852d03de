//! A store on disk with jobs in it, and handlers that do as they are told.

use std::{
    collections::BTreeMap,
    future::Future,
    num::NonZeroUsize,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use reelq_model::{
    Acceptance, AccountName, BatchName, Digest, Event, Fields, JobDraft, JobId, JobSpec, ModelName, Money, OutputKind,
    OutputLink, ProviderName, SharedClock, Stage, StoredFile, Submission, SystemClock, TaskId, WorkerId,
};
use reelq_store::{
    AccountLimits, BatchDraft, BatchView, ClaimStage, JobFilter, JobView, Line, LineDraft, Page, SharedStore,
};
use reelq_store_sqlite::SqliteStore;
use reelq_worker::{AccountMetrics, AccountWork, Builder, Finish, Handler, JobContext, Runtime};

pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) clock: SharedClock,
    pub(crate) store: SharedStore,
    pub(crate) batch: BatchName,
    pub(crate) account: AccountName,
}

impl World {
    pub(crate) fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: SharedClock = Arc::new(SystemClock::new());
        let store: SharedStore =
            Arc::new(SqliteStore::open(&folder.path().join("state.db"), Arc::clone(&clock)).unwrap());
        Self { folder, ..Self::over(store, clock) }
    }

    /// A world on a store that somebody else keeps.
    pub(crate) fn over(store: SharedStore, clock: SharedClock) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock,
            store,
            batch: BatchName::new("films").unwrap(),
            account: AccountName::new("acct").unwrap(),
        }
    }

    /// The same state as another process has it open.
    pub(crate) fn another(&self) -> SharedStore {
        Arc::new(SqliteStore::open(&self.folder.path().join("state.db"), Arc::clone(&self.clock)).unwrap())
    }

    pub(crate) async fn load(&self, count: usize) -> Vec<JobId> {
        let draft = BatchDraft {
            name: self.batch.clone(),
            output: "out".to_owned(),
            file_name: "{row:06}.mp4".to_owned(),
            budget: None,
            priority: 0,
            manifest: "jobs.csv".to_owned(),
            manifest_path: None,
            passthrough: Vec::new(),
            loaded_with: None,
        };
        let load = self.store.begin_import(&draft).await.unwrap();
        let lines: Vec<_> = (1..=count).map(|row| self.line(row)).collect();
        self.store.add_to_import(&load, &lines).await.unwrap();
        self.store.commit_import(&load).await.unwrap();
        // Without them nothing is claimed, also by whoever does it in the place of a runtime.
        self.store.set_limits(&self.account, &limits(None)).await.unwrap();
        lines.iter().map(LineDraft::id).collect()
    }

    fn line(&self, row: usize) -> LineDraft {
        let mut fields = Fields::new();
        fields.insert("prompt".to_owned(), format!("prompt {row}").into());
        let spec = JobSpec {
            account: self.account.clone(),
            provider: ProviderName::new("wave").unwrap(),
            model: ModelName::new("hailuo-2.3").unwrap(),
            mode: "text-to-video".to_owned(),
            fields,
        };
        let id = JobId::derive(&self.batch, &spec.digest(), 1);
        let job = JobDraft { id, spec, price: Some(Money::from_micros(100_000)), priority: 0 };
        let line = Line { row: row.try_into().unwrap(), copy: 1, label: None, passthrough: BTreeMap::new() };
        LineDraft { job, line }
    }

    pub(crate) fn builder(&self) -> Builder {
        Runtime::builder(Arc::clone(&self.store), Arc::clone(&self.clock), WorkerId::new("w1").unwrap())
            .batch(self.batch.clone())
            .lease(Duration::from_secs(2))
            .grace(Duration::from_secs(5))
    }

    pub(crate) fn work(&self) -> AccountWork {
        self.work_for_a_day(None)
    }

    /// Work on an account that may spend no more than this in a day.
    pub(crate) fn work_for_a_day(&self, daily_budget: Option<Money>) -> AccountWork {
        AccountWork::new(self.account.clone(), Some(limits(daily_budget)), Arc::new(AccountMetrics::default()))
    }

    pub(crate) async fn view(&self) -> BatchView {
        self.store.batch(&self.batch).await.unwrap().unwrap()
    }

    pub(crate) async fn jobs(&self) -> Vec<JobView> {
        let filter = JobFilter { batch: Some(self.batch.clone()), ..JobFilter::default() };
        self.store.jobs(&filter, Page { after: 0, limit: 10_000 }).await.unwrap()
    }

    pub(crate) async fn history(&self, job: JobId) -> Vec<String> {
        self.store.history(job).await.unwrap().into_iter().map(|entry| entry.event).collect()
    }
}

pub(crate) fn slots(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

type Work =
    Box<dyn for<'a> Fn(&'a mut dyn JobContext) -> Pin<Box<dyn Future<Output = Finish> + Send + 'a>> + Send + Sync>;

/// A handler made of a closure; counts its runs and how many ran at once.
pub(crate) struct Scripted {
    stage: ClaimStage,
    work: Work,
    needs: Duration,
    pub(crate) runs: AtomicUsize,
    at_once: AtomicUsize,
    pub(crate) most_at_once: AtomicUsize,
}

impl Scripted {
    pub(crate) fn new(
        stage: ClaimStage,
        work: impl for<'a> Fn(&'a mut dyn JobContext) -> Pin<Box<dyn Future<Output = Finish> + Send + 'a>>
        + Send
        + Sync
        + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            stage,
            work: Box::new(work),
            needs: Duration::ZERO,
            runs: AtomicUsize::new(0),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        })
    }

    pub(crate) fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }
}

struct Leaving<'a>(&'a AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Handler for Scripted {
    fn stage(&self) -> ClaimStage {
        self.stage
    }

    fn needs(&self) -> Duration {
        self.needs
    }

    async fn handle(&self, context: &mut dyn JobContext) -> Finish {
        self.runs.fetch_add(1, Ordering::SeqCst);
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        let _leaving = Leaving(&self.at_once);
        (self.work)(context).await
    }
}

pub(crate) fn sending(context: &dyn JobContext) -> Event {
    let job = context.job();
    let submission = Submission {
        number: job.next_submission(),
        key: job.next_key(),
        body: Digest::of(b"body"),
        at: context.now(),
        mark: None,
    };
    Event::Sending { submission }
}

pub(crate) fn accepted(context: &dyn JobContext) -> Event {
    let Stage::Submitting { submission } = &context.job().stage else { panic!("nothing was submitted") };
    let task = TaskId::new(format!("task-{}-{}", context.job().id, submission.number)).unwrap();
    let acceptance =
        Acceptance { task, submission: submission.number, cost: None, at: context.now(), outputs: Vec::new() };
    Event::Accepted { acceptance, first_poll: Duration::from_millis(20) }
}

pub(crate) fn buys() -> Arc<Scripted> {
    Scripted::new(ClaimStage::Submit, |context| {
        Box::pin(async move {
            if matches!(context.job().stage, Stage::Ready) && context.step(sending(context)).await.is_err() {
                return Finish::Lost;
            }
            Finish::Event(accepted(context))
        })
    })
}

pub(crate) fn finds_finished() -> Arc<Scripted> {
    Scripted::new(ClaimStage::Poll, |_| Box::pin(async { Finish::Event(finished()) }))
}

pub(crate) fn stores() -> Arc<Scripted> {
    Scripted::new(ClaimStage::Collect, |_| Box::pin(async { Finish::Event(stored()) }))
}

pub(crate) fn finished() -> Event {
    let link = OutputLink {
        url: "https://cdn.example/v.mp4".to_owned(),
        kind: OutputKind::Video,
        expires_at: None,
        assumed: false,
    };
    Event::Finished { outputs: vec![link], cost: None }
}

pub(crate) fn stored() -> Event {
    let file = StoredFile {
        path: "1.mp4".to_owned(),
        bytes: 1,
        sha256: Digest::of(b"video"),
        source_url: "https://cdn.example/v.mp4".to_owned(),
        expires_at: None,
        note: None,
    };
    Event::Stored { files: vec![file] }
}

fn limits(daily_budget: Option<Money>) -> AccountLimits {
    AccountLimits {
        requests_per_second: 5000.0,
        burst: 1000.try_into().unwrap(),
        polls_per_second: 5000.0,
        max_in_flight: 1000.try_into().unwrap(),
        budget: None,
        daily_budget,
        open_rate: false,
        open_in_flight: false,
    }
}
