//! Where the bytes of local images are kept, so that every worker finds them.

use std::{io, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use reelq_files::Blobs;

/// Keeps the bytes of local images: beside the state, or where workers on other machines find them too.
#[async_trait]
pub trait KeepImages: Send + Sync {
    /// Keeps them by their content; durable when it returns. The same bytes again cost nothing.
    async fn keep(&self, images: Vec<Bytes>) -> io::Result<()>;
}

#[async_trait]
impl KeepImages for Arc<Blobs> {
    async fn keep(&self, images: Vec<Bytes>) -> io::Result<()> {
        let blobs = Self::clone(self);
        let put = move || images.iter().try_for_each(|bytes| blobs.put(bytes).map(drop));
        tokio::task::spawn_blocking(put).await.map_err(io::Error::other)?.map_err(io::Error::other)
    }
}
