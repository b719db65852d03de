//! The identity of a job.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{BatchName, Digest};

/// The identity of a job: a hash of batch name, normalised request and ordinal, never of a row number.
///
/// Identical rows of a manifest, and copies of one row, differ by their ordinal: the n-th job with the same request has
/// ordinal n. So rows may be moved, added and removed without buying the others again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId([u8; 16]);

/// A text that is not 32 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a job id of 32 hex digits")]
pub struct JobIdError(String);

impl JobId {
    /// Derives the id of the `ordinal`-th job (from 1) of `batch` with the request digest `request`.
    pub fn derive(batch: &BatchName, request: &Digest, ordinal: u32) -> Self {
        Self::hash(&[b"reelq job 1", batch.as_str().as_bytes(), request.as_bytes(), &ordinal.to_be_bytes()])
    }

    /// Derives the id of the record that follows `task`, a charge that `self` did not expect.
    #[must_use]
    pub fn orphan(&self, task: &str) -> Self {
        Self::hash(&[b"reelq orphan 1", &self.0, task.as_bytes()])
    }

    fn hash(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part);
        }
        let mut id = [0; 16];
        id.copy_from_slice(&hasher.finalize()[..16]);
        Self(id)
    }

    /// Takes the bytes that [`JobId::as_bytes`] gave.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({self})")
    }
}

impl FromStr for JobId {
    type Err = JobIdError;
    fn from_str(text: &str) -> Result<Self, JobIdError> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| JobIdError(text.to_owned()))?;
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for JobId {
    type Error = JobIdError;
    fn try_from(text: String) -> Result<Self, JobIdError> {
        text.parse()
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> String {
        id.to_string()
    }
}
