//! The bytes of local images: beside the state, or, where workers may be on other machines, under the output place.

use std::io;

use async_trait::async_trait;
use bytes::Bytes;
use reelq_collector::{OutputImages, Place};
use reelq_model::{BatchName, Digest};
use reelq_producer::KeepImages;
use reelq_submitter::Images;

/// Finds images under the output place of their batch.
#[derive(Debug)]
pub(crate) struct Shared(pub(crate) OutputImages);

#[async_trait]
impl Images for Shared {
    async fn image(&self, batch: &BatchName, sha256: &Digest) -> io::Result<Option<Bytes>> {
        self.0.get(batch, sha256).await.map(Some)
    }
}

/// Keeps images under an output place.
#[derive(Debug)]
pub(crate) struct KeepShared(pub(crate) Place);

#[async_trait]
impl KeepImages for KeepShared {
    async fn keep(&self, images: Vec<Bytes>) -> io::Result<()> {
        for bytes in images {
            OutputImages::put(&self.0, bytes).await?;
        }
        Ok(())
    }
}
