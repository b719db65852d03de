//! Records that cannot be read: damaged, or written by a newer version. Each stands for itself and stops no one else.

use reelq_model::{BatchName, JobId};
use serde::Serialize;

/// A record that cannot be read, or not as a whole. All others go on without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadableRecord {
    /// What it is the record of.
    pub of: RecordOf,
    /// The batch of the job or line, where that can be told.
    pub batch: Option<BatchName>,
    /// What is wrong.
    pub reason: String,
}

/// What a record is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordOf {
    /// A job: no verb works on it.
    Job(JobId),
    /// The line of this row of a batch's manifest: the job goes on without its label.
    Line(u64),
    /// The job of this row of a batch's manifest: its record is gone, and only its line is there.
    Gone(u64),
    /// A batch, by its name as it is stored: no verb works on it as a whole.
    Batch(String),
    /// An account, by its name as it is stored: where its limits cannot be read, nothing is bought on it.
    Account(String),
}
