//! The second reading: enqueues what was planned, all of it or nothing.

use std::sync::Arc;

use bytes::Bytes;
use reelq_store::{Blobs, Enqueued, Load, Loaded, Store};

use crate::{
    Error, Order, Plan,
    error::Result,
    pass::{Chunk, Pass},
};

/// What a load did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// What became of the lines.
    pub enqueued: Enqueued,
    /// What became of the batch.
    pub loaded: Loaded,
}

/// Enqueues what `plan` promised.
///
/// Nothing of it is worked on before the load is finished, and it is not finished unless the second reading asked for
/// exactly what the first one did. Image bytes are put before the jobs that need them.
pub async fn load(store: &dyn Store, blobs: &Arc<Blobs>, order: &Arc<Order>, plan: &Plan) -> Result<LoadReport> {
    let load = store.begin_load(&plan.batch).await?;
    let mut pass = Pass::start(Arc::clone(order), Arc::new(plan.batch.clone()), true);
    let mut enqueued = Enqueued::default();
    while let Some(chunk) = pass.next().await {
        let added = enqueue(store, blobs, &load, chunk).await?;
        enqueued.new += added.new;
        enqueued.known += added.known;
    }
    let findings = pass.finish().await?;
    if findings.problems.is_fatal() || findings.content != plan.content {
        return Err(Error::Changed);
    }
    let loaded = store.finish_load(&load).await?;
    tracing::debug!(batch = %plan.batch.name, lines = loaded.lines, new = enqueued.new, "manifest_loaded");
    Ok(LoadReport { enqueued, loaded })
}

async fn enqueue(store: &dyn Store, blobs: &Arc<Blobs>, load: &Load, chunk: Chunk) -> Result<Enqueued> {
    if !chunk.images.is_empty() {
        keep(blobs, chunk.images).await?;
    }
    if chunk.lines.is_empty() {
        return Ok(Enqueued::default());
    }
    Ok(store.enqueue(load, &chunk.lines).await?)
}

async fn keep(blobs: &Arc<Blobs>, images: Vec<Bytes>) -> Result<()> {
    let blobs = Arc::clone(blobs);
    let put = move || images.iter().try_for_each(|bytes| blobs.put(bytes).map(drop));
    Ok(tokio::task::spawn_blocking(put).await.map_err(Error::Reader)??)
}
