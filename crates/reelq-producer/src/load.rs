//! The second reading: enqueues what was planned, all of it or nothing.

use std::{path::Path, sync::Arc};

use reelq_store::{Enqueued, Import, Imported, Store};

use crate::{
    Error, KeepImages, Order, Plan,
    error::Result,
    images::read_bounded,
    inputs, meanwhile,
    pass::{Chunk, Pass},
    unchanged::{self, PlannedBefore},
};

/// What a load did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// What became of the lines.
    pub enqueued: Enqueued,
    /// What became of the batch.
    pub loaded: Imported,
}

/// How often a load is begun anew where the store lost a part of it.
const ANEW: u32 = 3;

/// Enqueues what `plan` promised.
///
/// Nothing of it is worked on before the load is finished, and it is not finished unless the second reading asked for
/// exactly what the first one did. Image bytes are put before the jobs that need them. Repeated after a crash it begins
/// anew and ends in the same.
pub async fn load(store: &dyn Store, images: &dyn KeepImages, order: &Arc<Order>, plan: &Plan) -> Result<LoadReport> {
    load_telling(store, images, order, plan, &|_| ()).await
}

/// Like [`load`]; tells `told` now and then how many lines are in the store.
pub async fn load_telling(
    store: &dyn Store,
    images: &dyn KeepImages,
    order: &Arc<Order>,
    plan: &Plan,
    told: &(dyn Fn(u64) + Sync),
) -> Result<LoadReport> {
    if plan.unchanged {
        return again(store, images, order, plan, told).await;
    }
    for _ in 0..ANEW {
        let epoch = store.epoch();
        match load_once(store, images, order, plan, told).await {
            Err(Error::Forgotten) => {}
            Err(Error::Store(reelq_store::Error::ImportSuperseded)) if store.epoch() != epoch => {}
            outcome => return outcome,
        }
        tracing::warn!(batch = %plan.batch.name, "the store lost a part of the manifest; it is loaded anew");
    }
    Err(Error::Forgotten)
}

/// Nothing is to be loaded: the batch was loaded from just this. Only the images are kept once more, should they be lost.
async fn again(
    store: &dyn Store,
    images: &dyn KeepImages,
    order: &Arc<Order>,
    plan: &Plan,
    told: &(dyn Fn(u64) + Sync),
) -> Result<LoadReport> {
    let known = unchanged::still_holds(store, order, plan).await?.ok_or(Error::Changed)?;
    for path in known.images().map(Path::to_path_buf) {
        let read = tokio::task::spawn_blocking(move || read_bounded(&path));
        let bytes = read.await.map_err(Error::Reader)?.map_err(|_| Error::Changed)?;
        images.keep(vec![bytes.into()]).await.map_err(Error::Images)?;
    }
    told(plan.lines);
    tracing::debug!(batch = %plan.batch.name, lines = plan.lines, "manifest_unchanged");
    Ok(LoadReport {
        enqueued: Enqueued { new: 0, known: plan.lines },
        loaded: Imported { lines: plan.lines, ..Imported::default() },
    })
}

async fn load_once(
    store: &dyn Store,
    images: &dyn KeepImages,
    order: &Arc<Order>,
    plan: &Plan,
    told: &(dyn Fn(u64) + Sync),
) -> Result<LoadReport> {
    let epoch = store.epoch();
    let load = store.begin_import(&plan.batch).await?;
    let mut pass =
        Pass::start(Arc::clone(order), Arc::new(plan.batch.clone()), Arc::clone(&plan.present), plan.open.anew(), true);
    let mut enqueued = Enqueued::default();
    while let Some(chunk) = pass.next().await {
        let added = enqueue(store, images, &load, chunk).await?;
        enqueued.new += added.new;
        enqueued.known += added.known;
        told(enqueued.new + enqueued.known);
    }
    let findings = pass.finish().await?;
    if findings.problems.is_fatal() || findings.content != plan.content {
        return Err(Error::Changed);
    }
    // What is kept of the plan must be of the very bytes that were loaded.
    if let Some(planned) = PlannedBefore::read(&plan.batch)
        && inputs::digest(order, &plan.batch).await? != Some(planned.inputs)
    {
        return Err(Error::Changed);
    }
    // A server that was restarted may lack lines that it said it had: they would be in no result manifest.
    if store.epoch() != epoch {
        return Err(Error::Forgotten);
    }
    let loaded = finish(store, order, plan, load).await?;
    if loaded.lines != enqueued.new + enqueued.known {
        return Err(Error::Forgotten);
    }
    tracing::debug!(batch = %plan.batch.name, lines = loaded.lines, new = enqueued.new, "manifest_loaded");
    Ok(LoadReport { enqueued, loaded })
}

/// How often in a row another manifest may be loaded in the moment between a look and the end of this load.
const LOOKS: u32 = 50;

/// Finishes the load once nothing that was loaded since the plan stands against it.
async fn finish(store: &dyn Store, order: &Arc<Order>, plan: &Plan, mut load: Import) -> Result<Imported> {
    load.seen.clone_from(&plan.seen);
    for _ in 0..LOOKS {
        match (store.commit_import(&load).await, &load.seen) {
            (Err(reelq_store::Error::ImportedMeanwhile), Some(seen)) => {
                load.seen = Some(meanwhile::look(store, order, plan, seen).await?);
            }
            (finished, _) => return Ok(finished?),
        }
    }
    Err(Error::Store(reelq_store::Error::ImportedMeanwhile))
}

async fn enqueue(store: &dyn Store, images: &dyn KeepImages, load: &Import, chunk: Chunk) -> Result<Enqueued> {
    if !chunk.images.is_empty() {
        images.keep(chunk.images).await.map_err(Error::Images)?;
    }
    if chunk.lines.is_empty() {
        return Ok(Enqueued::default());
    }
    Ok(store.add_to_import(load, &chunk.lines).await?)
}
