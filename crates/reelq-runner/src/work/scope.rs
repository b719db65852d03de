//! What a process works on, and how its work ended.

use std::time::Duration;

use reelq_model::BatchName;

use super::concurrency::Concurrency;

/// What a process works on.
#[derive(Debug, Clone)]
pub struct WorkScope {
    /// Only this batch; all of them where none is named.
    pub batch: Option<BatchName>,
    /// End when nothing of it can move any more.
    pub drain: bool,
    /// End, too, once nothing is due within this time.
    pub wait_at_most: Duration,
    /// With what.
    pub concurrency: Concurrency,
    /// Write the result manifests of batches that are done.
    pub reports: bool,
    /// What workers of its kind are called: `run`, `worker`.
    pub kind: &'static str,
}

/// How the work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkEnd {
    /// Nothing more moves by itself.
    Settled,
    /// A person stopped it.
    Interrupted,
}
