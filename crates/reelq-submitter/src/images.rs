//! The bytes of local images, by content.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use reelq_files::Blobs;
use reelq_model::{BatchName, Digest, Fields, ImageRef};
use serde_json::Value;

/// Finds the bytes of local images: beside the state, or under the output place of their batch.
#[async_trait]
pub trait Images: Send + Sync + 'static {
    /// The bytes with this digest that a job of `batch` needs; `None` where they are gone.
    async fn image(&self, batch: &BatchName, sha256: &Digest) -> std::io::Result<Option<Bytes>>;
}

#[async_trait]
impl Images for Arc<Blobs> {
    async fn image(&self, _: &BatchName, sha256: &Digest) -> std::io::Result<Option<Bytes>> {
        let (blobs, sha256) = (Self::clone(self), *sha256);
        let read = tokio::task::spawn_blocking(move || blobs.get(&sha256)).await;
        read.map_err(std::io::Error::other)?.map_err(std::io::Error::other)
    }
}

/// The bytes of every local image that `fields` refer to; those that are gone are left out.
pub(crate) async fn of(
    batch: &BatchName,
    fields: &Fields,
    images: &dyn Images,
) -> std::io::Result<BTreeMap<Digest, Bytes>> {
    let mut digests = BTreeSet::new();
    fields.values().for_each(|value| collect(value, &mut digests));
    let mut found = BTreeMap::new();
    for sha256 in digests {
        if let Some(bytes) = images.image(batch, &sha256).await? {
            found.insert(sha256, bytes);
        }
    }
    Ok(found)
}

fn collect(value: &Value, digests: &mut BTreeSet<Digest>) {
    match value {
        Value::String(text) => {
            if let Ok(ImageRef::Blob { sha256, .. }) = text.parse() {
                digests.insert(sha256);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, digests)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, digests)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_found_wherever_they_are_nested() {
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let text = format!(
            r#"{{"image":"blob:image/png;{one}","extra":{{"refs":[{{"image":["blob:image/png;{two}","https://x/y"]}}]}},"n":1}}"#
        );
        let mut digests = BTreeSet::new();
        collect(&serde_json::from_str(&text).unwrap(), &mut digests);
        assert_eq!(digests, BTreeSet::from([one, two]));
    }
}
