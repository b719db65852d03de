//! Image bytes of a batch under its output place, where workers on many machines find them.

use std::io;

use bytes::Bytes;
use reelq_model::{BatchName, Digest, SharedClock};
use reelq_store::SharedStore;

use crate::{Place, StorageOptions, fetch_error::FetchError, targets::Targets};

/// Image bytes by the digest of their content, each batch's under its output place.
#[derive(Debug)]
pub struct OutputImages {
    targets: Targets,
}

impl OutputImages {
    /// Finds output places by what the store says of their batches.
    pub fn new(store: SharedStore, clock: SharedClock, options: StorageOptions) -> Self {
        Self { targets: Targets::new(store, clock, options) }
    }

    /// Keeps bytes in an output place; durable when it returns. The same bytes again are not written again.
    pub async fn put(place: &Place, bytes: Bytes) -> io::Result<()> {
        let digest = Digest::of(&bytes);
        let name = name(&digest);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if place.holds(&name, length, &digest).await.map_err(io::Error::other)? {
            return Ok(());
        }
        place.write(&name, bytes).await.map_err(io::Error::other)
    }

    /// The bytes that a job of `batch` needs. That they are not there is an error: this machine may look at another place.
    pub async fn get(&self, batch: &BatchName, digest: &Digest) -> io::Result<Bytes> {
        let target =
            self.targets.of(batch).await.map_err(|error: FetchError| io::Error::other(error.reason().to_owned()))?;
        let found = target.place.read(&name(digest)).await.map_err(|error| io::Error::other(error.chain()))?;
        let bytes = found.ok_or_else(|| {
            let hint = "is it the same place on every machine?";
            io::Error::new(io::ErrorKind::NotFound, format!("{} is not in the output place; {hint}", name(digest)))
        })?;
        if Digest::of(&bytes) == *digest {
            return Ok(bytes);
        }
        Err(io::Error::other(format!("{} is damaged: its content has another digest", name(digest))))
    }
}

fn name(digest: &Digest) -> String {
    format!(".reelq/images/{digest}")
}
