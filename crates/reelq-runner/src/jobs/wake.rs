//! Jobs that a person does not want to wait any longer.

use std::time::Duration;

use reelq_console::CommandError;
use reelq_model::{AccountName, BatchName, Status};
use reelq_store::{Edit, JobFilter, JobView, Store, Walk};

/// What may have been bought is asked for again by each run, unless it is so soon by itself: its key is remembered only for
/// so long.
const SOON: Duration = Duration::from_mins(1);

/// Has every job of the batch looked at now that would otherwise wait for longer than `limit`: a person ran it again.
pub async fn look_soon(store: &dyn Store, batch: &BatchName, limit: Duration) -> Result<(), CommandError> {
    let filter = JobFilter { batch: Some(batch.clone()), ..JobFilter::default() };
    for (status, limit) in [(Status::Submitting, limit.min(SOON)), (Status::Running, limit), (Status::Fetching, limit)]
    {
        wake(store, &JobFilter { statuses: vec![status], ..filter.clone() }, limit).await?;
    }
    Ok(())
}

/// Frees the account's jobs from waits of their own: a person resumed it.
pub async fn free(store: &dyn Store, account: &AccountName) -> Result<(), CommandError> {
    let filter = JobFilter { account: Some(account.clone()), ..JobFilter::default() };
    for status in [Status::Submitting, Status::Queued] {
        wake(store, &JobFilter { statuses: vec![status], ..filter.clone() }, Duration::ZERO).await?;
    }
    Ok(())
}

async fn wake(store: &dyn Store, filter: &JobFilter, limit: Duration) -> Result<(), CommandError> {
    let far = store.now().await?.after(limit);
    let mut walk = Walk::new(store, filter);
    while let Some(part) = walk.part().await? {
        let waits = |view: &&JobView| !view.parked && view.worker.is_none() && view.due.is_some_and(|due| due > far);
        let edits: Vec<_> = part.iter().filter(waits).map(|view| (view.job.id, Edit::Wake)).collect();
        // One that moved meanwhile refuses it, and needs it no more.
        store.edit_all(&edits).await?;
    }
    Ok(())
}
