//! What stands against buying a plan, for a person to decide.

use reelq_model::BatchName;
use reelq_store::ImportsSeen;
use serde::Serialize;

/// A batch that has requests of the manifest already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    /// Its name.
    pub batch: BatchName,
    /// Lines of the manifest that it has bought, or that are queued in it.
    pub lines: u64,
    /// It has been purged since.
    pub purged: bool,
    /// These are lines whose records are gone: taken out because no one could read them, or lost. They may have been bought.
    pub removed: bool,
}

/// The manifest that a batch was loaded from, where another one would take its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takes {
    /// Where the other manifest lies.
    pub manifest: String,
    /// Rows of the batch that are still to be bought, and would be withdrawn unless this manifest has them, too.
    pub waiting: u64,
}

/// What came into the store since the plan, and stands against loading it.
#[derive(Debug)]
pub struct Meanwhile {
    /// As [`elsewhere`](crate::Plan::elsewhere): the batches that came, as far as they have its lines.
    pub elsewhere: Vec<Elsewhere>,
    /// As [`takes`](crate::Plan::takes).
    pub takes: Option<Takes>,
    /// As [`same_output`](crate::Plan::same_output).
    pub same_output: Option<BatchName>,
    /// The loads that are there now.
    pub seen: ImportsSeen,
}
