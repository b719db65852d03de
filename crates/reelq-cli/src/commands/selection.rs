//! Which jobs a command is about.

use clap::Args;
use reelq_model::{AccountName, FailureKind, JobId};
use reelq_runner::jobs::selection::Selection;

/// Narrows a command to some jobs.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SelectionArgs {
    /// Only this row of the manifest (may be repeated)
    #[arg(long = "row", value_name = "N")]
    rows: Vec<u64>,
    /// Only this job (may be repeated)
    #[arg(long = "job", value_name = "ID")]
    jobs: Vec<JobId>,
    /// Only jobs of this account
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
}

impl SelectionArgs {
    /// The jobs that are meant.
    pub(crate) fn plain(&self) -> Selection {
        Selection { rows: self.rows.clone(), jobs: self.jobs.clone(), account: self.account.clone() }
    }
}

/// A kind of failure as people name it.
pub(crate) fn failure_kind(text: &str) -> Result<FailureKind, String> {
    let found = FailureKind::ALL.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| format!("one of {}", FailureKind::ALL.map(FailureKind::as_str).join(", ")))
}
