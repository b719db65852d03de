//! A store on disk with jobs in it, and scripted handlers.

use std::{
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
    Acceptance, AccountName, BatchName, Digest, Event, JobId, Money, OutputKind, SharedClock, Stage, Status,
    Submission, TaskId, WorkerId,
};
use reelq_store::{AccountLimits, BatchView, ClaimStage, JobFilter, JobView, SharedStore, first};
use reelq_testkit::{TestStore, load, sample};
use reelq_worker::{AccountMetrics, AccountWork, Builder, Finish, Handler, JobContext, Runtime};
use tokio::time::timeout;

pub(crate) struct World {
    own: Option<TestStore>,
    pub(crate) clock: SharedClock,
    pub(crate) store: SharedStore,
    pub(crate) batch: BatchName,
    pub(crate) account: AccountName,
}

impl World {
    pub(crate) fn open() -> Self {
        let own = TestStore::with_real_clock();
        let world = Self::over(Arc::clone(&own.store), Arc::clone(&own.clock));
        Self { own: Some(own), ..world }
    }

    /// A world on a store that something else keeps.
    pub(crate) fn over(store: SharedStore, clock: SharedClock) -> Self {
        Self { own: None, clock, store, batch: sample::batch(), account: sample::account() }
    }

    /// The same state as another process has it open.
    pub(crate) fn another(&self) -> SharedStore {
        self.own.as_ref().expect("the store is its own").another()
    }

    pub(crate) async fn load(&self, count: usize) -> Vec<JobId> {
        let lines: Vec<_> = (1..=count).map(sample::line).collect();
        let jobs = load(&self.store, &sample::batch_draft("out"), &lines).await;
        // Without them nothing is claimed, also by whoever does it in the place of a runtime.
        self.store.set_limits(&self.account, &sample::limits()).await.unwrap();
        jobs
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
        let limits = AccountLimits { daily_budget, ..sample::limits() };
        AccountWork::new(self.account.clone(), Some(limits), Arc::new(AccountMetrics::default()))
    }

    pub(crate) async fn view(&self) -> BatchView {
        self.store.batch(&self.batch).await.unwrap().unwrap()
    }

    /// Waits until `count` jobs have `status`, from one change of the store to the next.
    pub(crate) async fn wait_until(&self, status: Status, count: u64) {
        let reached = async {
            let mut mark = 0;
            while self.view().await.counts.of(status) < count {
                mark = self.store.watch(mark, Duration::from_secs(1)).await.unwrap();
            }
        };
        let in_time = timeout(Duration::from_secs(30), reached).await.is_ok();
        assert!(in_time, "{count} jobs should be {status:?}: {:?}", self.view().await.counts);
    }

    pub(crate) async fn jobs(&self) -> Vec<JobView> {
        let filter = JobFilter { batch: Some(self.batch.clone()), ..JobFilter::default() };
        first(&*self.store, &filter, 10_000).await.unwrap()
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
    Event::Finished { outputs: vec![sample::link(sample::VIDEO_URL, OutputKind::Video)], cost: None }
}

pub(crate) fn stored() -> Event {
    Event::Stored { files: vec![sample::stored_file()] }
}
