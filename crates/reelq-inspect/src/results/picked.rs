//! The jobs that a file of picks names, each of them checked to be of the batch.

use std::{collections::BTreeSet, path::Path};

use reelq_console::CommandError;
use reelq_model::{BatchName, JobId};
use reelq_results::Picks;
use reelq_store::{JobFilter, Store, Walk};

/// The picked jobs of a batch.
#[derive(Debug)]
pub(super) struct PickedJobs(BTreeSet<JobId>);

/// So many are asked for in one walk.
const AT_ONCE: usize = 250;

impl PickedJobs {
    pub(super) async fn read(file: &Path, store: &dyn Store, batch: &BatchName) -> Result<Self, CommandError> {
        let picks =
            Picks::read(file).map_err(|error| CommandError::usage(format!("{:#}", anyhow::Error::from(error))))?;
        let all: Vec<_> = picks.picked().collect();
        for part in all.chunks(AT_ONCE) {
            let ids: Vec<_> = part.iter().map(|(job, _)| *job).collect();
            let known = of_batch(store, batch, ids).await?;
            if let Some((job, line)) = part.iter().find(|(job, _)| !known.contains(job)) {
                return Err(CommandError::usage(format!(
                    "{}, line {line}: job is `{job}`: it must be a job of the batch `{batch}`, which has no such job",
                    file.display()
                )));
            }
        }
        Ok(Self(all.into_iter().map(|(job, _)| job).collect()))
    }

    pub(super) fn has(&self, job: &JobId) -> bool {
        self.0.contains(job)
    }
}

async fn of_batch(store: &dyn Store, batch: &BatchName, ids: Vec<JobId>) -> Result<BTreeSet<JobId>, CommandError> {
    let filter = JobFilter { batch: Some(batch.clone()), ids, ..JobFilter::default() };
    let (mut walk, mut known) = (Walk::new(store, &filter), BTreeSet::new());
    while let Some(part) = walk.part().await? {
        known.extend(part.into_iter().map(|view| view.job.id));
    }
    Ok(known)
}
