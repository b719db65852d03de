//! Loads: a manifest becomes a batch's as a whole, or not at all.

use std::collections::BTreeMap;

use reelq_model::{BatchName, JobDraft, JobId, Money};
use serde::{Deserialize, Serialize, Serializer};

use crate::{Error, ImportsSeen, Result};

/// A batch as its manifest describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchDraft {
    /// Its name.
    pub name: BatchName,
    /// Where its outputs go: a folder, or `s3://bucket/prefix`.
    pub output: String,
    /// How files are named below `output`.
    pub file_name: String,
    /// The most that may be spent and set aside for it; `None` for no budget.
    #[serde(serialize_with = "Money::serialize_optional")]
    pub budget: Option<Money>,
    /// Its weight against the account's other batches ([`crate::stride`]). Also the priority of jobs that name none.
    pub priority: i32,
    /// The manifest's path as given, for people.
    pub manifest: String,
    /// Where the manifest is, as every folder of the machine finds it; unknown for batches of an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest_path: Option<String>,
    /// Names of the columns that are carried to the result manifest untouched, in order.
    pub passthrough: Vec<String>,
    /// What it was loaded with; `None` where an older reelq loaded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded_with: Option<ImportedWith>,
}

impl BatchDraft {
    /// Writes it without what only the producer reads.
    pub(crate) fn serialize_for_people<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let with = self.loaded_with.clone().map(|with| ImportedWith { planned: None, ..with });
        Self { loaded_with: with, ..self.clone() }.serialize(serializer)
    }
}

/// What a batch was loaded with beside its manifest. A load without it asks for something else.
///
/// A newer reelq may keep more. What this version does not know is passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportedWith {
    /// The form of this record: 1.
    pub format: u32,
    /// The manifest's path, found from every folder.
    pub manifest: String,
    /// The configuration file that was named, found from every folder.
    pub config: Option<String>,
    /// The account of rows that name none, where the command line named one.
    pub account: Option<String>,
    /// The output place, where the command line named one.
    pub output: Option<String>,
    /// Fields of rows that do not name them, each as `field=value`.
    pub set: Vec<String>,
    /// The flags that say how the file is read, each a word of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reading: Vec<String>,
    /// The rules that hold the batch, as [`crate::rules::stop_rule::StopRule`] reads them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop_if: Vec<String>,
    /// The manifest's own budget. Only one that changes replaces a budget that was set elsewhere.
    #[serde(serialize_with = "Money::serialize_optional")]
    pub manifest_budget: Option<Money>,
    /// What its plan came to and what went into it, as the producer writes it; the stores only keep it. Like all of this, it
    /// is the batch's once its load is finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned: Option<serde_json::Value>,
}

/// A load in progress. A later load of the same batch supersedes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The batch.
    pub batch: BatchName,
    /// The number of this load among the batch's loads, from 1.
    pub generation: u64,
    /// What was there when it was decided what this load may bring. The load is finished only if nothing else was loaded
    /// since. `None` where that does not matter.
    pub seen: Option<ImportsSeen>,
}

/// One line of the manifest to come: which job it asks for, and what the result manifest repeats of it.
#[derive(Debug, Clone, PartialEq)]
pub struct LineDraft {
    /// The job; a new one unless its id is known.
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

/// What adding lines to a load did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Enqueued {
    /// How many jobs were unknown.
    pub new: u64,
    /// How many jobs were known by their id, or had their line in the load already. They are not bought again.
    pub known: u64,
}

/// What finishing a load did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// How many lines the manifest has, which is the batch's now.
    pub lines: u64,
    /// How many jobs were cancelled: their line is gone, and they stood at `ready`. Those that a worker has are counted, and are
    /// withdrawn before they are sent. What was bought is followed and kept.
    pub cancelled: u64,
    /// How many jobs were taken up again: they were cancelled because their line was gone, and it is back.
    pub revived: u64,
}

impl LineDraft {
    /// The job's id, for comparing a manifest with the store.
    pub const fn id(&self) -> JobId {
        self.job.id
    }

    /// Compares it with the line that the load has for the same job, by row and copy: the same again is a chunk that was
    /// repeated.
    ///
    /// # Errors
    /// Broken where it is another line: a fault of the caller.
    pub fn check_repeat(&self, (row, copy): (u64, u32)) -> Result<()> {
        if (row, copy) == (self.line.row, self.line.copy) {
            return Ok(());
        }
        Err(Error::broken(format!("rows {row} and {} ask for the same job {}", self.line.row, self.id())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transition::samples::ready;

    #[test]
    fn another_row_or_copy_for_the_same_job_is_no_repeat() {
        let job = ready();
        let draft = JobDraft { id: job.id, spec: job.spec, price: job.price, priority: job.priority };
        let line = LineDraft { job: draft, line: Line { row: 4, copy: 2, label: None, passthrough: BTreeMap::new() } };
        for (before, is_repeat) in [((4, 2), true), ((4, 1), false), ((3, 2), false)] {
            assert_eq!(line.check_repeat(before).is_ok(), is_repeat, "{before:?}");
        }
    }
}
