//! An output place that is a prefix in an S3 bucket.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::{
    ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, WriteMultipart,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    path::Path as Key,
};
use reelq_model::Digest;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt;
use url::Url;

use super::options::StorageOptions;
use crate::PlaceError;

/// Up to this size a file goes in one conditional request; beyond, in parts.
const SINGLE_BYTES_MAX: u64 = 16 << 20;

const PART_BYTES: usize = 8 << 20;

/// A prefix in a bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Key,
}

impl Bucket {
    pub(super) fn open(output: &str, options: &StorageOptions) -> Result<Self, PlaceError> {
        let unknown = || PlaceError::Unknown(output.to_owned());
        let url = Url::parse(output).map_err(|_| unknown())?;
        let bucket = url.host_str().ok_or_else(unknown)?;
        let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
        for (name, value) in &options.s3 {
            builder = builder.with_config(name.parse::<AmazonS3ConfigKey>()?, value);
        }
        reelq_http::prepare_tls();
        let prefix = Key::from_url_path(url.path()).map_err(object_store::Error::from)?;
        Ok(Self { store: Arc::new(builder.build()?), prefix })
    }

    fn key(&self, name: &str) -> Key {
        name.split('/').fold(self.prefix.clone(), Key::join)
    }

    /// Uploads the file under its name; `false` where the name is taken by another content.
    pub(super) async fn put(&self, part: &Path, name: &str, sha256: &Digest) -> Result<bool, PlaceError> {
        let key = self.key(name);
        let length = tokio::fs::metadata(part).await.map_err(PlaceError::file("read", part))?.len();
        let created = if length <= SINGLE_BYTES_MAX {
            self.put_whole(part, &key).await?
        } else {
            self.put_claimed(part, name, sha256).await?
        };
        let placed = created || self.hash(&key).await? == Some(*sha256);
        if placed {
            drop(tokio::fs::remove_file(part).await);
        }
        Ok(placed)
    }

    async fn put_whole(&self, part: &Path, key: &Key) -> Result<bool, PlaceError> {
        let body = tokio::fs::read(part).await.map_err(PlaceError::file("read", part))?;
        self.create(key, Bytes::from(body)).await
    }

    /// Makes an object; `false` where its name is taken.
    async fn create(&self, key: &Key, body: Bytes) -> Result<bool, PlaceError> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(key, PutPayload::from(body), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// S3 takes no condition with parts. So the name is claimed first, by a small object that can be made only once and
    /// says whose content is on its way; a claim that a crash left behind is taken up again by the same content.
    async fn put_claimed(&self, part: &Path, name: &str, sha256: &Digest) -> Result<bool, PlaceError> {
        let (key, claim) = (self.key(name), self.key(&format!(".claims/{name}")));
        let text = sha256.to_string();
        let ours = self.create(&claim, Bytes::from(text.clone())).await?
            || self.hash(&claim).await? == Some(Digest::of(text.as_bytes()));
        if !ours {
            return Ok(false);
        }
        let free = !self.exists(&key).await?;
        if free {
            self.upload(part, &key).await?;
        }
        self.store.delete(&claim).await.or_else(absent)?;
        Ok(free)
    }

    async fn upload(&self, file: &Path, key: &Key) -> Result<(), PlaceError> {
        let mut source = tokio::fs::File::open(file).await.map_err(PlaceError::file("read", file))?;
        let mut upload = WriteMultipart::new_with_chunk_size(self.store.put_multipart(key).await?, PART_BYTES);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = source.read(&mut buffer).await.map_err(PlaceError::file("read", file))?;
            if count == 0 {
                break;
            }
            upload.wait_for_capacity(4).await?;
            upload.write(&buffer[..count]);
        }
        upload.finish().await?;
        Ok(())
    }

    async fn exists(&self, key: &Key) -> Result<bool, PlaceError> {
        match self.store.head(key).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn hash(&self, key: &Key) -> Result<Option<Digest>, PlaceError> {
        let found = match self.store.get(key).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let (mut stream, mut hasher) = (found.into_stream(), Sha256::new());
        while let Some(chunk) = stream.try_next().await? {
            hasher.update(&chunk);
        }
        Ok(Some(Digest::from_bytes(hasher.finalize().into())))
    }

    pub(super) async fn holds(&self, name: &str, bytes: u64, sha256: &Digest) -> Result<bool, PlaceError> {
        let key = self.key(name);
        match self.store.head(&key).await {
            Ok(found) if found.size == bytes => Ok(self.hash(&key).await? == Some(*sha256)),
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn replace(&self, file: &Path, name: &str) -> Result<(), PlaceError> {
        let key = self.key(name);
        let length = tokio::fs::metadata(file).await.map_err(PlaceError::file("read", file))?.len();
        if length > SINGLE_BYTES_MAX {
            self.upload(file, &key).await?;
        } else {
            let body = tokio::fs::read(file).await.map_err(PlaceError::file("read", file))?;
            self.store.put(&key, PutPayload::from(Bytes::from(body))).await?;
        }
        drop(tokio::fs::remove_file(file).await);
        Ok(())
    }

    pub(super) async fn read(&self, name: &str) -> Result<Option<Bytes>, PlaceError> {
        match self.store.get(&self.key(name)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn probe(&self) -> Result<(), PlaceError> {
        let key = self.key("reelq-probe");
        self.store.put(&key, PutPayload::from_static(b"probe")).await?;
        Ok(self.store.delete(&key).await?)
    }
}

fn absent(error: object_store::Error) -> object_store::Result<()> {
    match error {
        object_store::Error::NotFound { .. } => Ok(()),
        error => Err(error),
    }
}
