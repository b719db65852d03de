//! One numbered attempt to buy a job.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Digest, JobId, Timestamp};

/// The key under which a provider that replays keys answers a repeated submission with the first one's task.
///
/// It is a pure function of job id and submission number, so that even a store that lost its last second sends it again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Derives the key of submission `number` of `job`.
    pub fn derive(job: JobId, number: u32) -> Self {
        Self(format!("reelq-{job}-{number}"))
    }

    /// The key as it goes into the header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A submission whose request may have left this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Counts from 1 within the job.
    pub number: u32,
    /// The key that the request carried.
    pub key: IdempotencyKey,
    /// The digest of the exact request body: a body that differs is never sent under this key.
    pub body: Digest,
    /// When the intent to send became durable; the provider's replay window is measured from here.
    pub at: Timestamp,
    /// The mark of the key and address that it was sent with: under any other, the same request would buy again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Digest>,
}
