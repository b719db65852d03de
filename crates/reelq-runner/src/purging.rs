//! Removing the records of batches that are over.

use std::time::Duration;

use reelq_model::BatchName;
use reelq_store::{BatchView, Purge, Store, Unfinished};

/// The batches that ended longer ago than `age`, by the store's time.
pub async fn ended_before(store: &dyn Store, age: Duration) -> reelq_store::Result<Vec<BatchView>> {
    let now = store.now().await?;
    let old = |view: &BatchView| view.purging || view.finished_at.is_some_and(|at| now.since(at) > age);
    Ok(store.batches().await?.into_iter().filter(old).collect())
}

/// Removes a batch step by step; `Err` in the inner result where it is not finished.
pub async fn purge(store: &dyn Store, name: &BatchName) -> reelq_store::Result<Result<u64, Unfinished>> {
    let mut removed = 0;
    loop {
        match store.purge(name).await? {
            Purge::Going { jobs } => removed += jobs,
            Purge::Done { jobs } => return Ok(Ok(removed + jobs)),
            Purge::Refused(unfinished) => return Ok(Err(unfinished)),
        }
    }
}
