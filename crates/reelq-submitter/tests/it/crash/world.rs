//! One batch on a store file, and processes that work on it until they are stopped.

use std::{num::NonZeroUsize, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_model::{BatchName, Event, Money, SharedClock, SystemClock, WorkerId};
use reelq_poller::{PollPlan, PollSchedule, PollSettings, Poller};
use reelq_store::{BatchDraft, ClaimStage, SharedStore};
use reelq_store_sqlite::SqliteStore;
use reelq_submitter::{SubmitSettings, Submitter};
use reelq_testkit::{HookedStore, sample};
use reelq_worker::{
    AccountMetrics, AccountWork, Exchange, Finish, Handler, JobContext, RunEnd, Runtime, SharedRng, SubmissionGate,
};

use super::{
    points::Points,
    vendor::{Line, Vendor},
};
use crate::images::NoImages;

pub(crate) const ROWS: usize = 2;

pub(crate) fn batch() -> BatchName {
    sample::batch()
}

pub(crate) fn open(folder: &Path) -> SharedStore {
    Arc::new(SqliteStore::open(&folder.join("state.db"), Arc::new(SystemClock::new())).unwrap())
}

pub(crate) async fn load(store: &SharedStore) {
    let draft = BatchDraft { budget: Some(Money::from_micros(200_000)), ..sample::batch_draft("out") };
    let lines: Vec<_> = (1..=ROWS).map(sample::line).collect();
    reelq_testkit::load(store, &draft, &lines).await;
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
        Finish::Event(Event::Stored { files: vec![sample::stored_file()] })
    }
}

/// Works as process `name` until the batch ends.
pub(crate) async fn work(name: &str, inner: SharedStore, vendor: &Arc<Vendor>, points: &Arc<Points>) -> RunEnd {
    let clock: SharedClock = Arc::new(SystemClock::new());
    let store: SharedStore = Arc::new(HookedStore { inner, hook: Arc::clone(points) });
    let exchange: Arc<dyn Exchange> = Arc::new(Line { vendor: Arc::clone(vendor), points: Arc::clone(points) });
    let (metrics, settings) = (Arc::new(AccountMetrics::default()), settings());
    let schedule = Arc::new(PollSchedule::new(plan(), SharedRng::seeded(3)));
    let first = Arc::clone(&schedule);
    let submitter = Submitter::new(reelq_submitter::SubmitterParts {
        account: sample::account(),
        provider: Arc::new(vendor.provider.clone()),
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
    let poller = Poller::new(reelq_poller::PollerParts {
        account: sample::account(),
        provider: Arc::new(vendor.provider.clone()),
        exchange,
        store: Arc::clone(&store),
        metrics: Arc::clone(&metrics),
        settings: PollSettings::default(),
        retries: 3,
        schedule,
        seed: 2,
    });
    let slots = NonZeroUsize::new(2).unwrap();
    let account = AccountWork::new(sample::account(), Some(settings.limits()), metrics)
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
