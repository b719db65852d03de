//! Whether the output places of batches take files: checked before the first purchase, whenever a file could not be put
//! there, and now and then. While one does not, nothing is bought for its batch, and nothing of it is fetched.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use reelq_model::{BatchName, SharedClock};
use reelq_store::{BatchView, SharedStore};
use reelq_worker::{OutputCheck, Scope, SubmissionGate};
use tokio::{sync::Mutex as AsyncMutex, time::timeout};

use crate::{Place, StorageOptions};

/// The kind of the gate's reason.
const WHAT: &str = "place";
/// A place that takes no files is checked again after this long.
const EVERY: Duration = Duration::from_secs(1);
/// A place that takes files is checked again after this long; one in a bucket costs a request, and after longer.
const GOOD_FOLDER: Duration = Duration::from_secs(4);
const GOOD_BUCKET: Duration = Duration::from_mins(10);
/// A place that does not answer for so long takes no files.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was found at the last check, at a monotonic time of this process; the fault, where there is one.
#[derive(Debug, Clone)]
struct Found {
    at: Duration,
    fault: Option<String>,
}

/// One batch's place. Whoever checks holds the lock, so that no two check at once.
type Entry = Arc<AsyncMutex<Option<Found>>>;

/// The output places that this process knows.
#[derive(Debug)]
pub struct Places {
    store: SharedStore,
    clock: SharedClock,
    options: StorageOptions,
    gate: Arc<SubmissionGate>,
    known: Mutex<HashMap<BatchName, Entry>>,
}

impl Places {
    /// Knows none yet. A place that takes no files closes `gate` for its batch until it does.
    pub fn new(store: SharedStore, clock: SharedClock, options: StorageOptions, gate: Arc<SubmissionGate>) -> Self {
        Self { store, clock, options, gate, known: Mutex::default() }
    }

    fn entry(&self, batch: &BatchName) -> Entry {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(batch.clone()).or_default())
    }

    /// A file could not be put into the batch's place: why nothing can, or `None` where only this file could not. What was
    /// found before says nothing of that: it is checked again, once for all that failed meanwhile.
    pub async fn failed(&self, batch: &BatchName) -> Option<String> {
        let at = self.clock.monotonic();
        match self.store.batch(batch).await {
            Ok(Some(view)) => self.found(&view, at).await,
            _ => None,
        }
    }

    /// Checks the places of these batches, those that take no files first of all; forgets all others.
    pub async fn check_all(&self, open: &[&BatchView]) {
        let names: BTreeSet<&BatchName> = open.iter().map(|view| &view.batch.name).collect();
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|name, _| names.contains(name));
        let kept = names.iter().map(|name| Scope::Place((*name).clone())).collect();
        self.gate.open_others(WHAT, &kept);
        for view in open {
            let good = if view.batch.output.starts_with("s3://") { GOOD_BUCKET } else { GOOD_FOLDER };
            self.found(view, self.since(good)).await;
        }
    }

    fn since(&self, ago: Duration) -> Duration {
        self.clock.monotonic().saturating_sub(ago)
    }

    /// The fault of a place, from the last check where that found none and is not older than `since`.
    async fn found(&self, view: &BatchView, since: Duration) -> Option<String> {
        let entry = self.entry(&view.batch.name);
        let mut found = entry.lock().await;
        let now = self.clock.monotonic();
        let keeps = |found: &&Found| match found.fault {
            Some(_) => now.saturating_sub(found.at) < EVERY,
            None => found.at >= since,
        };
        if let Some(known) = found.as_ref().filter(keeps) {
            return known.fault.clone();
        }
        let fault = self.fault(view).await;
        self.report(&view.batch.name, fault.as_ref());
        *found = Some(Found { at: self.clock.monotonic(), fault: fault.clone() });
        fault
    }

    async fn fault(&self, view: &BatchView) -> Option<String> {
        let output = &view.batch.output;
        let message = |why: String| format!("its output place {output} takes no files: {why}; it goes on once it does");
        let place = match Place::open(output, &view.batch.name, &self.options) {
            Ok(place) => place,
            Err(error) => return Some(message(format!("failed to {}", error.chain()))),
        };
        match timeout(PATIENCE, place.probe()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(message(format!("failed to {}", error.chain()))),
            Err(_) => Some(message(format!("no answer within {} s", PATIENCE.as_secs()))),
        }
    }

    fn report(&self, batch: &BatchName, fault: Option<&String>) {
        let scope = Scope::Place(batch.clone());
        match fault {
            Some(fault) => self.gate.close(scope, WHAT, fault),
            None => self.gate.open(scope, WHAT),
        }
    }
}

#[async_trait]
impl OutputCheck for Places {
    async fn check(&self, batch: &BatchName) -> Result<(), String> {
        let known = self.entry(batch).lock().await.clone();
        let fault = match known {
            Some(found) => found.fault,
            None => match self.store.batch(batch).await {
                Ok(Some(view)) => self.found(&view, self.since(GOOD_FOLDER)).await,
                Ok(None) => Some(format!("there is no batch `{batch}` any more")),
                Err(error) => Some(format!("its output place is not known: {error}")),
            },
        };
        fault.map_or(Ok(()), Err)
    }
}
