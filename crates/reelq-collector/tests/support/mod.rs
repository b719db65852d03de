//! A server of files that answers by a script, a context of one job, and a store with one batch.

#[path = "../../src/content/samples.rs"]
#[expect(dead_code, reason = "each test uses some of them")]
pub(crate) mod samples;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use reelq_collector::{Collector, StorageOptions};
use reelq_http::{DownloadPolicy, Downloader, DownloadsSection, Proxies};
use reelq_model::{
    AccountName, BatchName, Event, Job, JobDraft, JobId, JobSpec, ModelName, OutputKind, OutputLink, ProviderName,
    RemoteTask, SharedClock, Stage, SystemClock, TaskId, Timestamp, Trouble, TroubleKind, Troubles,
};
use reelq_store::{BatchDraft, Line, LineDraft, SharedStore};
use reelq_store_sqlite::SqliteStore;
use reelq_worker::{AccountMetrics, Finish, Handler, JobContext, LeaseLost, SharedRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub(crate) use samples::mp4 as video;

/// A complete reply.
pub(crate) fn reply(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// Answers the n-th request (from 0) with `script(n)`, and keeps what was asked.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) origin: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::start_with(move |_, number| script(number)).await
    }

    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    async fn start_with(script: impl Fn(&str, usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let server = Self { origin, asked: Arc::clone(&asked) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                answer(stream, &asked, &script).await;
            }
        });
        server
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn link(&self) -> OutputLink {
        self.link_to("v.mp4?sig=1")
    }

    /// A link that the vendor calls a video, whatever is behind it.
    pub(crate) fn link_to(&self, file: &str) -> OutputLink {
        let url = format!("{}/{file}", self.origin);
        OutputLink { url, kind: OutputKind::Video, expires_at: None, assumed: false }
    }

    /// Answers by what is asked for.
    pub(crate) async fn by_path(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::start_with(move |request, _| {
            let path = request.split_whitespace().nth(1).unwrap_or_default();
            answer(path.trim_start_matches('/'))
        })
        .await
    }
}

async fn answer(
    mut stream: TcpStream,
    asked: &Mutex<Vec<String>>,
    script: &(impl Fn(&str, usize) -> Vec<u8> + Send + Sync),
) {
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while !seen.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => seen.extend_from_slice(&buffer[..count]),
        }
    }
    let request = String::from_utf8_lossy(&seen).to_ascii_lowercase();
    let number = {
        let mut asked = asked.lock().unwrap();
        asked.push(request.clone());
        asked.len() - 1
    };
    let bytes = script(&request, number);
    drop(stream.write_all(&bytes).await);
    drop(stream.shutdown().await);
}

/// A collector over a real store that knows one batch of one row.
pub(crate) struct House {
    pub(crate) job: Job,
    /// By the store's time.
    pub(crate) now: Timestamp,
    collector: Collector,
    _state: tempfile::TempDir,
}

pub(crate) fn clock() -> SharedClock {
    Arc::new(SystemClock::new())
}

fn spec() -> JobSpec {
    let mut fields = reelq_model::Fields::new();
    fields.insert("prompt".to_owned(), "a cat".into());
    JobSpec {
        account: AccountName::new("main").unwrap(),
        provider: ProviderName::new("wave").unwrap(),
        model: ModelName::new("hailuo-2.3").unwrap(),
        mode: "text-to-video".to_owned(),
        fields,
    }
}

async fn load(store: &SharedStore, output: &str) -> Job {
    let batch = BatchName::new("films").unwrap();
    let spec = spec();
    let draft = JobDraft { id: JobId::derive(&batch, &spec.digest(), 1), spec, price: None, priority: 0 };
    let loaded = BatchDraft {
        name: batch.clone(),
        output: output.to_owned(),
        file_name: "{row:06}-{id}-{copy}.mp4".to_owned(),
        budget: None,
        priority: 0,
        manifest: "films.csv".to_owned(),
        manifest_path: None,
        passthrough: Vec::new(),
        loaded_with: None,
    };
    let line = Line { row: 1, copy: 1, label: Some("cat".to_owned()), passthrough: BTreeMap::new() };
    let load = store.begin_import(&loaded).await.unwrap();
    store.add_to_import(&load, &[LineDraft { job: draft.clone(), line }]).await.unwrap();
    store.commit_import(&load).await.unwrap();
    Job::new(draft, batch, Timestamp::from_millis(1_700_000_000_000))
}

impl House {
    /// Outputs go to `output`; files may be fetched from `trusted` besides the public internet.
    pub(crate) async fn build(output: &str, trusted: &[&Server], options: StorageOptions) -> Self {
        let state = tempfile::tempdir().unwrap();
        let store: SharedStore = Arc::new(SqliteStore::open(&state.path().join("state.db"), clock()).unwrap());
        let job = load(&store, output).await;
        let origins = trusted.iter().map(|server| server.origin.parse().unwrap()).collect();
        let policy = DownloadPolicy::new(&DownloadsSection::default(), origins, Proxies::default());
        let downloader = Arc::new(Downloader::new(&policy, clock()).unwrap());
        let (metrics, rng) = (Arc::new(AccountMetrics::default()), Arc::new(SharedRng::seeded(1)));
        let collector = Collector::new(store, downloader, options, clock(), metrics, rng);
        let now = job.queued_at;
        Self { job, now, collector, _state: state }
    }

    /// Lets the collector fetch the links once.
    pub(crate) async fn collect(&self, links: Vec<OutputLink>) -> Event {
        let task = TaskId::new("t-1").unwrap();
        let mut job = self.job.clone();
        job.stage = Stage::Fetching { task: RemoteTask::accepted(task, 1, Timestamp::default()), outputs: links };
        let mut context = FakeJobContext { job: Arc::new(job), now: self.now };
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

struct FakeJobContext {
    job: Arc<Job>,
    now: Timestamp,
}

#[async_trait]
impl JobContext for FakeJobContext {
    fn job(&self) -> &Arc<Job> {
        &self.job
    }
    fn cancel_requested(&self) -> bool {
        true
    }
    fn time_left(&self) -> Duration {
        Duration::from_mins(1)
    }
    fn now(&self) -> Timestamp {
        self.now
    }
    async fn step(&mut self, _: Event) -> Result<(), LeaseLost> {
        Err(LeaseLost)
    }
}
