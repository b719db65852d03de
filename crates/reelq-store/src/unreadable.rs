//! Jobs whose record cannot be read: damaged, or written by a newer version. Each stands for itself and stops nobody else.

use reelq_model::{
    AccountName, BatchName, Failure, FailureKind, Fields, Job, JobDraft, JobId, JobSpec, ModelName, Money,
    ProviderName, Stage, Timestamp,
};
use serde::Serialize;

use crate::{Error, Result};

/// A record that cannot be read, or not whole. All others go on without it.
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

/// What goes in the place of a word that cannot be read.
const UNKNOWN: &str = "unknown";

/// Stands in listings and result manifests for a job that cannot be read, so that its row is accounted for. It is never
/// stored, and its cost is not known.
pub(crate) fn stand_in(
    id: JobId,
    batch: Option<BatchName>,
    account: Option<AccountName>,
    price: Option<Money>,
    reason: &str,
) -> Result<Job> {
    let spec = JobSpec {
        account: account.map_or_else(|| AccountName::new(UNKNOWN), Ok).map_err(broken)?,
        provider: ProviderName::new(UNKNOWN).map_err(broken)?,
        model: ModelName::new(UNKNOWN).map_err(broken)?,
        mode: UNKNOWN.to_owned(),
        fields: Fields::new(),
    };
    let batch = batch.map_or_else(|| BatchName::new(UNKNOWN), Ok).map_err(broken)?;
    let mut job = Job::new(JobDraft { id, spec, price, priority: 0 }, batch, Timestamp::default());
    let message = format!("its record in the store cannot be read ({reason}); see `reelq doctor`");
    job.stage = Stage::Failed { failure: Failure::new(FailureKind::GivenUp, message), task: None };
    Ok(job)
}

/// What is said of a batch whose record cannot be read, where it is asked for by name.
pub(crate) fn batch(name: &str, error: &Error) -> Error {
    Error::broken(format!("the record of batch {name} cannot be read ({error}); `reelq doctor` says what to do"))
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::broken(error.to_string())
}
