//! What is shown in the place of a record that cannot be read.

use reelq_model::{
    AccountName, BatchName, Failure, FailureKind, Fields, Job, JobDraft, JobId, JobSpec, ModelName, Money,
    ProviderName, Stage, Timestamp,
};

use crate::{Error, Result};

/// What goes in the place of a word that cannot be read.
const UNKNOWN: &str = "unknown";

/// Stands in listings and result manifests for a job that cannot be read, so that its row is accounted for. It is never
/// stored, and its cost is not known.
pub fn stand_in(
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
pub fn batch(name: &str, error: &Error) -> Error {
    Error::broken(format!("the record of batch {name} cannot be read ({error}); `reelq doctor` says what to do"))
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::broken(error.to_string())
}
