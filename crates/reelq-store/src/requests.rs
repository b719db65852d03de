//! Which request was asked for in which batch. So the same is not bought twice unasked: not under another batch's name, and
//! not after its batch was purged.

use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use reelq_model::{BatchName, JobId, RequestKey};

#[expect(unused_imports, reason = "the docs name it")]
use crate::Import;
use crate::Result;

/// What to note of a request of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noting {
    /// This job of the batch asks for it. Of several jobs the one that was noted last stands for all.
    Job(JobId),
    /// It was bought, and the batch's records are about to be removed.
    Bought,
    /// Nothing: the batch no longer asks for it.
    Nothing,
}

/// A request of a batch, and what to note of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestNote {
    /// The request.
    pub key: RequestKey,
    /// What to note.
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

/// A batch whose last load has requests that are not noted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unnoted {
    /// Its name.
    pub batch: BatchName,
    /// The number of that load, as [`Import::generation`] counts them.
    pub generation: u64,
}

/// The loads that were there when a manifest was compared with the store: see [`Import::seen`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportsSeen {
    /// Of each batch that is whole, the number of its last load.
    pub each: BTreeMap<BatchName, u64>,
    /// The store's own name for this state: equal marks mean that nothing was loaded in between.
    pub mark: String,
}

/// Keeps which requests were asked for in which batch.
///
/// Before you compare a manifest with other batches, note what they ask for: [`Requests::unnoted`],
/// [`Requests::note_requests`], [`Requests::finish_noting`]. A load notes nothing, so a store with one batch pays nothing for it.
/// What [`crate::Store`] says of steps, errors and repeats holds here too; no verb has an error of its own.
#[async_trait]
pub trait Requests: Send + Sync + fmt::Debug {
    /// Answers the batches that were loaded since their requests were last noted.
    /// Batches that an earlier version loaded are among them; unfinished loads and batches that are being purged are not.
    async fn unnoted(&self) -> Result<Vec<Unnoted>>;

    /// Notes requests of a batch.
    /// What was noted of a key and the batch is replaced. The batch may be unknown by now. May work in parts. May be repeated.
    async fn note_requests(&self, batch: &BatchName, notes: &[RequestNote]) -> Result<()>;

    /// Reports that every request of this load is noted.
    /// It does nothing where another load of the batch was finished since. May be repeated.
    async fn finish_noting(&self, noted: &Unnoted) -> Result<()>;

    /// Answers where each of these requests was asked for, in the order of `keys`; an empty list where no one asked.
    async fn noted(&self, keys: &[RequestKey]) -> Result<Vec<Vec<NotedRequest>>>;

    /// Answers which loads are there, for [`Import::seen`].
    /// A load that died while it was being finished is finished first. May be repeated.
    async fn imports_seen(&self) -> Result<ImportsSeen>;

    /// Forgets the requests noted as [`Noting::Bought`] that were noted first, so that at most `most` stay.
    /// A request counts once for each batch. May work in parts. May be repeated.
    async fn trim_bought(&self, most: u64) -> Result<()>;
}
