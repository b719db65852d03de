//! Where the outputs of each batch go, remembered for a while.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reelq_model::{BatchName, Job, SharedClock};
use reelq_store::{Line, SharedStore};

use crate::{NameTemplate, Place, StorageOptions, fetch_error::FetchError};

/// A manifest that is loaded again may move the output place; that is noticed after this long.
const REMEMBERED: Duration = Duration::from_secs(10);

/// The output place of a batch and how files are named in it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) place: Place,
    pub(crate) template: NameTemplate,
}

/// Finds the targets of batches, and the lines of jobs.
#[derive(Debug)]
pub(crate) struct Targets {
    store: SharedStore,
    clock: SharedClock,
    options: StorageOptions,
    known: Mutex<HashMap<BatchName, (Duration, Arc<Target>)>>,
}

impl Targets {
    pub(crate) fn new(store: SharedStore, clock: SharedClock, options: StorageOptions) -> Self {
        Self { store, clock, options, known: Mutex::default() }
    }

    pub(crate) async fn of(&self, batch: &BatchName) -> Result<Arc<Target>, FetchError> {
        let now = self.clock.monotonic();
        if let Some(target) = self.remembered(batch, now) {
            return Ok(target);
        }
        let view = self.store.batch(batch).await.map_err(|error| FetchError::Here(error.to_string()))?;
        let draft = view.ok_or_else(|| FetchError::Fatal(format!("there is no batch `{batch}`")))?.batch;
        let template = NameTemplate::parse(&draft.file_name);
        let template = template.map_err(|error| FetchError::Fatal(format!("failed to {error}")))?;
        let target = Arc::new(Target { place: Place::open(&draft.output, batch, &self.options)?, template });
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (since, _)| now.saturating_sub(*since) < REMEMBERED);
        known.insert(batch.clone(), (now, Arc::clone(&target)));
        Ok(target)
    }

    fn remembered(&self, batch: &BatchName, now: Duration) -> Option<Arc<Target>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, target) = known.get(batch)?;
        (now.saturating_sub(*since) < REMEMBERED).then(|| Arc::clone(target))
    }

    /// The line that a job stands for: its own, which came with its lease, or for the record of an unexpected charge that of
    /// the job that it belongs to.
    pub(crate) async fn line(&self, job: &Job, own: Option<&Arc<Line>>) -> Result<Option<Arc<Line>>, FetchError> {
        let (Some(id), None) = (job.orphan_of, own) else { return Ok(own.cloned()) };
        let view = self.store.job(id).await.map_err(|error| FetchError::Here(error.to_string()))?;
        Ok(view.and_then(|view| view.line).map(Arc::new))
    }
}
