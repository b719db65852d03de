//! Jobs whose record cannot be read: damaged, or written by a newer version. Each stands for itself and stops nobody else.

use reelq_model::{
    AccountName, BatchName, Failure, FailureKind, Fields, Job, JobDraft, JobId, JobSpec, ModelName, Money,
    ProviderName, Stage, Timestamp,
};
use serde::Serialize;

use crate::{Error, Result};

/// A job that no verb can work on until its record can be read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadableRecord {
    /// The job.
    pub job: JobId,
    /// Its batch, where that can be told.
    pub batch: Option<BatchName>,
    /// What is wrong.
    pub reason: String,
}

/// What goes in the place of a word that cannot be read.
const UNKNOWN: &str = "unknown";

/// Stands in listings and result manifests for a job that cannot be read, so that its row is accounted for. It is never
/// stored, and its cost is not known.
pub(crate) fn stand_in(
    id: JobId,
    batch: BatchName,
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
    let mut job = Job::new(JobDraft { id, spec, price, priority: 0 }, batch, Timestamp::default());
    let message = format!("its record in the store cannot be read ({reason}); see `reelq doctor`");
    job.stage = Stage::Failed { failure: Failure::new(FailureKind::GivenUp, message), task: None };
    Ok(job)
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::broken(error.to_string())
}
