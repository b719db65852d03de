//! Bringing a manifest into the store: all of it or nothing.

use std::collections::BTreeMap;

use reelq_model::{BatchName, JobDraft, JobId, Money};
use serde::{Deserialize, Serialize};

use crate::ImportsSeen;

/// A batch as its manifest describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchDraft {
    /// Its name.
    pub name: BatchName,
    /// Where its outputs go: a folder, or `s3://bucket/prefix`.
    pub output: String,
    /// How files are named below `output`.
    pub file_name: String,
    /// The most that may be spent and reserved on it.
    #[serde(serialize_with = "Money::serialize_optional")]
    pub budget: Option<Money>,
    /// Its jobs' default priority, and its weight against the account's other batches: see [`crate::stride`].
    pub priority: i32,
    /// The manifest's path as given, for people.
    pub manifest: String,
    /// Where the manifest lies, as every folder of the machine finds it; unknown for batches of an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest_path: Option<String>,
    /// Names of the columns that are carried to the result manifest untouched, in order.
    pub passthrough: Vec<String>,
    /// What it was loaded with; nothing where an older reelq loaded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded_with: Option<ImportedWith>,
}

/// What a batch was loaded with beside its manifest: who loads it again without this asks for something else.
///
/// A newer reelq may keep more; what is not known here is passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportedWith {
    /// The form of this record: 1.
    pub format: u32,
    /// The manifest's path, found from every folder.
    pub manifest: String,
    /// The configuration file that was named, found from every folder.
    pub config: Option<String>,
    /// The account of rows that name none, where the command line said one.
    pub account: Option<String>,
    /// The output place that the command line said.
    pub output: Option<String>,
    /// Fields of rows that do not name them, each as `field=value`.
    pub set: Vec<String>,
    /// The manifest's own budget: only one that changes replaces a budget that was said elsewhere.
    #[serde(serialize_with = "Money::serialize_optional")]
    pub manifest_budget: Option<Money>,
}

/// A load in progress. A later load of the same batch supersedes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The batch.
    pub batch: BatchName,
    /// Counts the batch's loads.
    pub generation: u64,
    /// What was there when it was decided what this load may bring: it is finished only while nothing else was loaded
    /// since. Nothing where that does not matter.
    pub seen: Option<ImportsSeen>,
}

/// One line of the manifest to come: which job it asks for, and what the result manifest repeats of it.
#[derive(Debug, Clone, PartialEq)]
pub struct LineDraft {
    /// The job; enqueued unless its id is known.
    pub job: JobDraft,
    /// The row and copy that it stands for.
    pub line: Line,
}

/// Which row and copy of the manifest a job stands for. Not part of its identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The row, from 1.
    pub row: u64,
    /// The copy of that row, from 1.
    pub copy: u32,
    /// The row's own `id`, a label.
    pub label: Option<String>,
    /// Columns carried through untouched.
    pub passthrough: BTreeMap<String, String>,
}

/// What a chunk of an enqueue did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Enqueued {
    /// Jobs that were not known.
    pub new: u64,
    /// Jobs that were known by their id; not bought again.
    pub known: u64,
}

/// What finishing a load did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Lines of the manifest, now the batch's.
    pub lines: u64,
    /// Jobs whose line is gone and that had not been submitted: cancelled. (Whatever was bought is followed and kept.)
    pub cancelled: u64,
    /// Jobs that had been cancelled because their line was gone, and whose line is back: queued again.
    pub revived: u64,
}

/// The id of a line's job, for comparing a manifest with the store.
impl LineDraft {
    /// The job's id.
    pub const fn id(&self) -> JobId {
        self.job.id
    }
}
