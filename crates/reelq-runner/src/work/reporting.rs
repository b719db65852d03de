//! Result manifests of batches that are done, written by whichever worker is left to do it.
//!
//! Every worker knows which of the living comes first for a batch. That one writes; the next one looks whether it was
//! done, and does it where it was not. Writing twice does no harm: the content is the store's, and it is replaced whole.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use reelq_collector::{Place, StorageOptions, Written, write_results};
use reelq_model::{BatchName, Digest, SharedClock, WorkerId};
use reelq_store::{BatchView, ClaimStage, ResultLine, SharedStore, Store};
use reelq_worker::Overview;

use super::{notices::NoticeBackoff, scope::WorkScope};
use crate::context::CommandContext;

/// How often a worker looks for batches that are done.
const EVERY: Duration = Duration::from_secs(1);
/// How long each of the living waits for the one before it.
const TURN: Duration = Duration::from_secs(3);
/// A worker that was not heard of for so long is not waited for.
const ALIVE: Duration = Duration::from_secs(20);
/// Beside the result manifests: for which state of the batch they were written.
const STAMP: &str = ".reelq/results";

/// Writes the result manifests of batches that are done.
#[derive(Debug)]
pub(crate) struct Reporter {
    store: SharedStore,
    clock: SharedClock,
    options: StorageOptions,
    worker: WorkerId,
    overview: Arc<Overview>,
    /// Whether this process writes at all: one that does not fetch may not reach the output places.
    writes: bool,
    known: Mutex<BTreeMap<BatchName, Known>>,
    /// What the last look saw, where it left nothing to do.
    settled: Mutex<Option<Arc<[BatchView]>>>,
    /// Places that do not take their batch's manifests.
    faults: NoticeBackoff<BatchName>,
}

/// What is known of a batch.
#[derive(Debug, Clone, Copy)]
enum Known {
    /// Rows were outstanding at the last look.
    Open,
    /// It was seen done in this state, at this time of this process; `true` where it was open before.
    Done { state: Digest, since: Duration, seen_open: bool },
    /// Its result manifests tell this state.
    Written(Digest),
}

impl Reporter {
    pub(crate) fn new(
        context: &CommandContext,
        store: SharedStore,
        overview: Arc<Overview>,
        worker: WorkerId,
        task: &WorkScope,
    ) -> Self {
        Self {
            store,
            clock: Arc::clone(&context.clock),
            options: context.storage(),
            worker,
            overview,
            writes: task.reports && task.concurrency.has(ClaimStage::Collect),
            known: Mutex::default(),
            settled: Mutex::default(),
            faults: NoticeBackoff::default(),
        }
    }

    /// Looks for as long as it is polled.
    pub(crate) async fn run(&self) {
        loop {
            tokio::time::sleep(EVERY).await;
            self.look(false).await;
        }
    }

    /// Looks a last time, waits for no one, and tells of unfinished batches too how they stand.
    pub(crate) async fn last(&self) {
        self.look(true).await;
    }

    async fn look(&self, last: bool) {
        if !self.writes {
            return;
        }
        // A last look waits for no one, and so for no one's reading either.
        let views = if last { self.overview.batches_anew().await } else { self.overview.batches().await };
        match views {
            Ok(views) if !last && self.has_settled(&views) => {}
            Ok(views) => {
                let mut is_settled = true;
                for view in views.iter().filter(|view| view.whole && !view.purging) {
                    is_settled &= self.look_at(view, last).await;
                }
                *self.settled() = is_settled.then_some(views);
            }
            Err(error) => tracing::debug!(%error, "the store does not say which batches are done"),
        }
    }

    /// Looks at one batch; whether its result manifests tell how it ended.
    async fn look_at(&self, view: &BatchView, last: bool) -> bool {
        let name = &view.batch.name;
        if view.counts.outstanding() + view.others.outstanding() > 0 && !last {
            self.learn(name, Known::Open);
            return false;
        }
        let (state, now) = (state_of(view), self.clock.monotonic());
        let (since, seen_open) = match self.known(name) {
            Some(Known::Written(written)) if written == state => return true,
            Some(Known::Done { state: known, since, seen_open }) if known == state => (since, seen_open),
            Some(Known::Open) => (now, true),
            _ => (now, false),
        };
        self.learn(name, Known::Done { state, since, seen_open });
        match self.write(view, seen_open, now.saturating_sub(since), last).await {
            Ok(is_written) => {
                self.faults.is_over(name);
                if is_written {
                    self.learn(name, Known::Written(state));
                }
                is_written
            }
            Err(_) if !self.faults.is_told(name, now) && !last => false,
            Err(error) => {
                tracing::warn!(batch = %name, error = format!("{error:#}"), "the result manifest waits");
                false
            }
        }
    }

    /// Writes where it is this worker's turn; whether the result manifests tell the state now.
    async fn write(&self, view: &BatchView, seen_open: bool, waited: Duration, last: bool) -> anyhow::Result<bool> {
        let place = Place::open(&view.batch.output, &view.batch.name, &self.options)?;
        let turn = if last { 0 } else { self.turn(&view.batch.name).await? };
        if waited < TURN.saturating_mul(turn) {
            return Ok(false);
        }
        // Whoever comes first and saw the last row end knows that an older stamp tells nothing.
        let sure = turn == 0 && seen_open;
        if !sure && is_told(view, &place).await? {
            return Ok(true);
        }
        let Written { unreadable, older_kept } = stamped(&*self.store, view, &place, &mut |_| {}).await?;
        if unreadable > 0 {
            tracing::warn!(batch = %view.batch.name, unreadable, "records of rows cannot be read; `reelq doctor` names them");
        }
        if older_kept {
            tracing::warn!(batch = %view.batch.name, "its result manifests stay as they are: they may tell of purchases that the backup does not know");
        } else {
            tracing::info!(batch = %view.batch.name, "result_manifest_written");
        }
        Ok(true)
    }

    /// How many of the living come before this worker for a batch.
    async fn turn(&self, batch: &BatchName) -> reelq_store::Result<u32> {
        let (now, own) = (self.store.time(), weight(batch, &self.worker));
        let workers = self.store.workers().await?;
        let before =
            workers.iter().filter(|worker| now.since(worker.seen_at) < ALIVE && weight(batch, &worker.id) < own);
        Ok(u32::try_from(before.count()).unwrap_or(u32::MAX))
    }

    /// Whether these are the views that the last look saw, and it left nothing to do.
    fn has_settled(&self, views: &Arc<[BatchView]>) -> bool {
        self.settled().as_ref().is_some_and(|settled| Arc::ptr_eq(settled, views))
    }

    fn settled(&self) -> MutexGuard<'_, Option<Arc<[BatchView]>>> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, batch: &BatchName) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(batch).copied()
    }

    fn learn(&self, batch: &BatchName, what: Known) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(batch.clone(), what);
    }
}

/// Writes the result manifests, and beside them which state they tell. Each line is shown to `see` along the way.
pub async fn stamped(
    store: &dyn Store,
    view: &BatchView,
    place: &Place,
    see: &mut (dyn FnMut(&ResultLine) + Send),
) -> anyhow::Result<Written> {
    let written = write_results(store, &view.batch.name, place, see).await?;
    if !written.older_kept {
        place.write(STAMP, Bytes::from(state_of(view).to_string())).await?;
    }
    Ok(written)
}

/// Whether the result manifests tell of the batch as it stands.
pub(crate) async fn is_told(view: &BatchView, place: &Place) -> anyhow::Result<bool> {
    let state = state_of(view).to_string();
    Ok(place.read(STAMP).await?.is_some_and(|stamp| stamp == state.as_bytes()))
}

/// What of a batch its result manifest tells, in short.
fn state_of(view: &BatchView) -> Digest {
    let told = serde_json::json!([
        view.batch,
        view.counts,
        view.others,
        view.spent,
        view.orphans,
        view.created_at,
        view.finished_at
    ]);
    Digest::of(told.to_string().as_bytes())
}

/// Spreads batches over workers, the same way in every process.
fn weight(batch: &BatchName, worker: &WorkerId) -> Digest {
    Digest::of(format!("{batch} {worker}").as_bytes())
}
