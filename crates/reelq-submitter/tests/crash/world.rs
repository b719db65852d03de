//! One batch on a store file, and processes that work on it until they are stopped.

use std::{collections::BTreeMap, num::NonZeroUsize, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use reelq_model::{
    AccountName, BatchName, Digest, Event, Fields, JobDraft, JobId, JobSpec, ModelName, Money, ProviderName,
    SharedClock, StoredFile, SystemClock, WorkerId,
};
use reelq_poller::{PollPlan, PollSettings, Poller, Schedule};
use reelq_store::{BatchDraft, ClaimStage, Line as ManifestLine, LineDraft, SharedStore};
use reelq_store_sqlite::SqliteStore;
use reelq_submitter::{Images, SubmitSettings, Submitter};
use reelq_worker::{
    AccountMetrics, AccountWork, Exchange, Finish, Handler, JobContext, RunEnd, Runtime, SharedRng, SubmissionGate,
};

use crate::{
    hooked_store::HookedStore,
    points::Points,
    vendor::{Line, Vendor},
};

pub(crate) const ROWS: usize = 2;
const PRICE: Money = Money::from_micros(100_000);

pub(crate) fn batch() -> BatchName {
    BatchName::new("films").unwrap()
}

pub(crate) fn account() -> AccountName {
    AccountName::new("acct").unwrap()
}

pub(crate) fn open(folder: &Path) -> SharedStore {
    let clock: SharedClock = Arc::new(SystemClock::new());
    Arc::new(SqliteStore::open(&folder.join("state.db"), clock).unwrap())
}

pub(crate) async fn load(store: &SharedStore) {
    let draft = BatchDraft {
        name: batch(),
        output: "out".to_owned(),
        file_name: "{row:06}.mp4".to_owned(),
        budget: Some(Money::from_micros(200_000)),
        priority: 0,
        manifest: "jobs.csv".to_owned(),
        manifest_path: None,
        passthrough: Vec::new(),
        loaded_with: None,
    };
    let load = store.begin_import(&draft).await.unwrap();
    let lines: Vec<_> = (1..=ROWS).map(line).collect();
    store.add_to_import(&load, &lines).await.unwrap();
    store.commit_import(&load).await.unwrap();
}

fn line(row: usize) -> LineDraft {
    let mut fields = Fields::new();
    fields.insert("prompt".to_owned(), format!("prompt {row}").into());
    let spec = JobSpec {
        account: account(),
        provider: ProviderName::new("wave").unwrap(),
        model: ModelName::new("hailuo-2.3").unwrap(),
        mode: "text-to-video".to_owned(),
        fields,
    };
    let id = JobId::derive(&batch(), &spec.digest(), 1);
    let job = JobDraft { id, spec, price: Some(PRICE), priority: 0 };
    let line = ManifestLine { row: row.try_into().unwrap(), copy: 1, label: None, passthrough: BTreeMap::new() };
    LineDraft { job, line }
}

struct NoImages;

#[async_trait]
impl Images for NoImages {
    async fn image(&self, _: &reelq_model::BatchName, _: &Digest) -> std::io::Result<Option<Bytes>> {
        Ok(None)
    }
}

/// Stands in for the collector.
struct Fetcher(Arc<Points>);

#[async_trait]
impl Handler for Fetcher {
    fn stage(&self) -> ClaimStage {
        ClaimStage::Collect
    }

    async fn handle(&self, _: &mut dyn JobContext) -> Finish {
        self.0.pass("before the download").await;
        self.0.pass("after the download").await;
        let file = StoredFile {
            path: "1.mp4".to_owned(),
            bytes: 1,
            sha256: Digest::of(b"video"),
            source_url: "https://cdn.example/v.mp4".to_owned(),
            expires_at: None,
            note: None,
        };
        Finish::Event(Event::Stored { files: vec![file] })
    }
}

/// Works as process `name` until the batch ends.
pub(crate) async fn work(name: &str, inner: SharedStore, vendor: &Arc<Vendor>, points: &Arc<Points>) -> RunEnd {
    let clock: SharedClock = Arc::new(SystemClock::new());
    let store: SharedStore = Arc::new(HookedStore { inner, hook: Arc::clone(points) });
    let exchange: Arc<dyn Exchange> = Arc::new(Line { vendor: Arc::clone(vendor), points: Arc::clone(points) });
    let (metrics, settings) = (Arc::new(AccountMetrics::default()), settings());
    let schedule = Arc::new(Schedule::new(plan(), SharedRng::seeded(3)));
    let first = Arc::clone(&schedule);
    let submitter = Submitter::new(reelq_submitter::Parts {
        account: account(),
        provider: Arc::clone(vendor) as _,
        exchange: Arc::clone(&exchange),
        store: Arc::clone(&store),
        images: Arc::new(NoImages),
        submission_gate: Arc::new(SubmissionGate::default()),
        output_check: None,
        metrics: Arc::clone(&metrics),
        settings: settings.clone(),
        request_timeout: Duration::from_secs(5),
        first_poll: Arc::new(move |spec| first.first(spec)),
        clock: Arc::clone(&clock),
        seed: 1,
    });
    let poller = Poller::new(reelq_poller::Parts {
        account: account(),
        provider: Arc::clone(vendor) as _,
        exchange,
        store: Arc::clone(&store),
        metrics: Arc::clone(&metrics),
        settings: PollSettings::default(),
        retries: 3,
        schedule,
        seed: 2,
    });
    let slots = NonZeroUsize::new(2).unwrap();
    let account = AccountWork::new(account(), Some(settings.limits()), metrics)
        .handler(Arc::new(submitter), slots)
        .handler(Arc::new(poller), slots)
        .handler(Arc::new(Fetcher(Arc::clone(points))), slots);
    let runtime = Runtime::builder(store, clock, WorkerId::new(name).unwrap()).batch(batch()).account(account).build();
    runtime.run().await.unwrap()
}

fn settings() -> SubmitSettings {
    SubmitSettings { requests_per_second: 500.0.into(), burst: 10, ..SubmitSettings::default() }
}

fn plan() -> PollPlan {
    let short = Duration::from_millis(10);
    PollPlan { first: short, min: short, max: short * 2, growth: 1.5 }
}
