//! No images at all.

use async_trait::async_trait;
use bytes::Bytes;
use reelq_model::{BatchName, Digest};
use reelq_submitter::Images;

pub(crate) struct NoImages;

#[async_trait]
impl Images for NoImages {
    async fn image(&self, _: &BatchName, _: &Digest) -> std::io::Result<Option<Bytes>> {
        Ok(None)
    }
}
