//! Which request was asked for in which batch. So the same is not bought twice unasked: not under another batch's name, and
//! not after its batch was purged.

use std::collections::BTreeMap;

use reelq_model::{BatchName, JobId, RequestKey};

#[expect(unused_imports, reason = "the docs name it")]
use crate::Import;

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
