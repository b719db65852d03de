//! The bytes of local images: beside the state, or, where workers may be on other machines, under the output place.

use std::{io, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use reelq_collector::{OutputImages, Place};
use reelq_console::CommandError;
use reelq_model::{BatchName, Digest};
use reelq_producer::KeepImages;
use reelq_store::SharedStore;
use reelq_submitter::Images;

use crate::context::CommandContext;

/// Finds images under the output place of their batch.
#[derive(Debug)]
struct SharedImages(OutputImages);

#[async_trait]
impl Images for SharedImages {
    async fn image(&self, batch: &BatchName, sha256: &Digest) -> io::Result<Option<Bytes>> {
        self.0.get(batch, sha256).await.map(Some)
    }
}

/// Keeps images under an output place.
#[derive(Debug)]
struct KeepShared(Place);

#[async_trait]
impl KeepImages for KeepShared {
    async fn keep(&self, images: Vec<Bytes>) -> io::Result<()> {
        for bytes in images {
            OutputImages::put(&self.0, bytes).await?;
        }
        Ok(())
    }
}

/// Where workers find the bytes of local images.
pub fn of_workers(context: &CommandContext, store: &SharedStore) -> Result<Arc<dyn Images>, CommandError> {
    if !context.is_shared() {
        return Ok(Arc::new(context.blobs()?));
    }
    Ok(Arc::new(SharedImages(of_outputs(context, store))))
}

/// Image bytes under the output places of their batches.
pub fn of_outputs(context: &CommandContext, store: &SharedStore) -> OutputImages {
    OutputImages::new(Arc::clone(store), Arc::clone(&context.clock), context.storage())
}

/// Where a load keeps the bytes of local images, for a batch whose outputs go to `place`.
pub fn of_load(context: &CommandContext, place: Place) -> Result<Box<dyn KeepImages>, CommandError> {
    if !context.is_shared() {
        return Ok(Box::new(context.blobs()?));
    }
    Ok(Box::new(KeepShared(place)))
}
