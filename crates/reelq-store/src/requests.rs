//! Requests' part of the contract: what was asked for in which batch, so that the same is not bought twice unasked under
//! another name, nor after its batch was purged.

use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use reelq_model::{BatchName, JobId, RequestKey};

#[expect(unused_imports, reason = "the docs name it")]
use crate::Import;
use crate::Result;

/// What is to be noted of a request of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noting {
    /// This job of the batch asks for it. Where several do, the last one that is noted stands for all.
    Job(JobId),
    /// It was bought, and the batch's records are about to be removed.
    Bought,
    /// Nothing: the batch no longer asks for it.
    Nothing,
}

/// A request of a batch, and what is to be noted of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestNote {
    /// The request.
    pub key: RequestKey,
    /// What of it.
    pub noting: Noting,
}

/// Where a request was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedRequest {
    /// The batch.
    pub batch: BatchName,
    /// Its job, which may be gone or never have been bought; `None` where it was bought and the batch has been purged.
    pub job: Option<JobId>,
}

/// A batch of which not all requests are noted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unnoted {
    /// Its name.
    pub batch: BatchName,
    /// The load whose lines are to be noted.
    pub generation: u64,
}

/// The loads that were there when a manifest was compared with the store: see [`Import::seen`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportsSeen {
    /// Of each batch that is whole, the number of its last load.
    pub each: BTreeMap<BatchName, u64>,
    /// What the store knows them by.
    pub mark: String,
}

/// Keeps which requests were asked for in which batch. Who compares a manifest with other batches notes theirs first; a
/// load notes nothing, so that a store with one batch pays nothing for it.
#[async_trait]
pub trait Requests: Send + Sync + fmt::Debug {
    /// The batches that were loaded since their requests were noted last; those of an earlier version among them.
    async fn unnoted(&self) -> Result<Vec<Unnoted>>;

    /// Notes requests of a batch. May be repeated; what was noted before of a key and the batch is replaced.
    async fn note_requests(&self, batch: &BatchName, notes: &[RequestNote]) -> Result<()>;

    /// Says that every request of this load is noted.
    async fn finish_noting(&self, noted: &Unnoted) -> Result<()>;

    /// Where each of these requests was asked for, in order; nothing where nobody did.
    async fn noted(&self, keys: &[RequestKey]) -> Result<Vec<Vec<NotedRequest>>>;

    /// Which loads are there. Those that died while their lines were being made the manifest are finished first. May be
    /// repeated.
    async fn imports_seen(&self) -> Result<ImportsSeen>;

    /// Forgets the oldest requests of purged batches, so that at most `most` of them are kept.
    async fn trim_bought(&self, most: u64) -> Result<()>;
}
