//! A collector with one job, over a store with one batch.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reelq_collector::{Collector, StorageOptions};
use reelq_http::{DownloadPolicy, Downloader, DownloadsSection, Proxies};
use reelq_model::{
    Event, Job, OutputLink, RemoteTask, SharedClock, Stage, SystemClock, TaskId, Timestamp, Trouble, TroubleKind,
    Troubles,
};
use reelq_store::{BatchDraft, Line, LineDraft, SharedStore};
use reelq_testkit::{FakeJobContext, Steps, TestStore, sample};
use reelq_worker::{AccountMetrics, Finish, Handler, SharedRng};

use crate::server::Server;

/// A collector over a real store that knows one batch of one row.
pub(crate) struct House {
    pub(crate) job: Job,
    /// By the store's time.
    pub(crate) now: Timestamp,
    collector: Collector,
    _own: TestStore,
}

pub(crate) fn clock() -> SharedClock {
    Arc::new(SystemClock::new())
}

async fn load(store: &SharedStore, output: &str) -> Job {
    let file_name = "{row:06}-{id}-{copy}.mp4".to_owned();
    let loaded = BatchDraft { file_name, ..sample::batch_draft(output) };
    let draft = sample::job_draft("a cat", 1);
    reelq_testkit::load(store, &loaded, &[LineDraft { job: draft, line: line() }]).await;
    sample::job("a cat")
}

/// The line that the job stands for.
fn line() -> Line {
    Line { row: 1, copy: 1, label: Some("cat".to_owned()), passthrough: BTreeMap::new() }
}

impl House {
    /// Outputs go to `output`; files may be fetched from `trusted` besides the public internet.
    pub(crate) async fn build(output: &str, trusted: &[&Server], options: StorageOptions) -> Self {
        let own = TestStore::with_real_clock();
        let store = Arc::clone(&own.store);
        let job = load(&store, output).await;
        let origins = trusted.iter().map(|server| server.origin.parse().unwrap()).collect();
        let policy = DownloadPolicy::new(&DownloadsSection::default(), origins, Proxies::default());
        let downloader = Arc::new(Downloader::new(&policy, clock()).unwrap());
        let (metrics, rng) = (Arc::new(AccountMetrics::default()), Arc::new(SharedRng::seeded(1)));
        let collector = Collector::new(store, downloader, options, clock(), metrics, rng);
        let now = job.queued_at;
        Self { job, now, collector, _own: own }
    }

    /// Lets the collector fetch the links once.
    pub(crate) async fn collect(&self, links: Vec<OutputLink>) -> Event {
        let task = TaskId::new("t-1").unwrap();
        let mut job = self.job.clone();
        job.stage = Stage::Fetching { task: RemoteTask::accepted(task, 1, Timestamp::default()), outputs: links };
        let context = FakeJobContext { line: Some(Arc::new(line())), ..FakeJobContext::new(job) };
        let mut context = FakeJobContext { cancel_requested: true, now: self.now, steps: Steps::Lost, ..context };
        match self.collector.handle(&mut context).await {
            Finish::Event(event) => event,
            other => panic!("{other:?}"),
        }
    }
}

impl House {
    /// The job as it is after its outputs could not be fetched `count` times over so long, until now.
    pub(crate) fn fetched_in_vain(&mut self, count: u32, lasted: Duration) {
        let last = Trouble::new(TroubleKind::Fetch, "the server answered 404");
        let since = self.now.before(lasted);
        self.job.troubles = Some(Troubles { last, since, at: self.now, count });
    }
}
