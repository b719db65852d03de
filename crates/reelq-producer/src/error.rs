//! Why a manifest was not planned or loaded.

use std::fmt;

use reelq_manifest::Problems;

use crate::Meanwhile;

/// A manifest with at least one error: nothing of it was enqueued.
pub struct RefusedManifest(pub Problems);

impl fmt::Debug for RefusedManifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefusedManifest")
    }
}

/// Why a manifest was not planned or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It has errors; they are reported all at once.
    #[error("accept the manifest: it has errors")]
    Refused(RefusedManifest),
    /// The store could not do its part.
    #[error(transparent)]
    Store(#[from] reelq_store::Error),
    /// The manifest, or an image that it names, is not what was planned.
    #[error("load the manifest: it changed after it was planned; nothing was enqueued, run the same command again")]
    Changed,
    /// The store lost lines while they were loaded, again and again.
    #[error("load the manifest: the store lost a part of it again and again; run the same command again")]
    Forgotten,
    /// Something that was loaded since the plan stands against it.
    #[error("load the manifest: another one was loaded meanwhile; nothing was enqueued, run the same command again")]
    Meanwhile(Box<Meanwhile>),
    /// The bytes of an image could not be kept.
    #[error("keep the images of the manifest")]
    Images(#[source] std::io::Error),
    /// A temporary file could not be written, or read again: its disk may be full.
    #[error(transparent)]
    Scratch(#[from] reelq_store_scratch::Error),
    /// A record of the batch cannot be read, so that its line cannot be loaded as it is.
    #[error(
        "release the batch: the record of job {0} cannot be read; nothing was released. `reelq doctor` says what to do"
    )]
    Unreadable(reelq_model::JobId),
    /// A thread that reads the manifest or keeps its images died: a bug.
    #[error("read the manifest: its reader stopped")]
    Reader(#[source] tokio::task::JoinError),
}

/// The producer's result.
pub(crate) type Result<T> = std::result::Result<T, Error>;
