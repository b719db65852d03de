//! Which jobs a command is about.

use std::sync::OnceLock;

use clap::Args;
use reelq_console::CommandError;
use reelq_model::{AccountName, FailureKind, JobId};
use reelq_runner::jobs::selection::Selection;
use reelq_store::{BatchView, Store};

use super::lookup;

/// Narrows a command to some jobs.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SelectionArgs {
    /// Only this row of the manifest: its number, `4.2` for its second copy, its own id, or the beginning of its job's id (may be repeated)
    #[arg(long = "row", value_name = "ROW")]
    rows: Vec<String>,
    /// Only this job (may be repeated)
    #[arg(long = "job", value_name = "ID")]
    jobs: Vec<JobId>,
    /// Only jobs of this account
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
    /// The jobs of rows that are named by anything but a number.
    #[arg(skip)]
    named: OnceLock<Vec<JobId>>,
}

impl SelectionArgs {
    /// Whether it narrows anything.
    pub(crate) const fn is_empty(&self) -> bool {
        !self.names_jobs() && self.account.is_none()
    }

    /// Whether it names jobs one by one.
    pub(crate) const fn names_jobs(&self) -> bool {
        !self.rows.is_empty() || !self.jobs.is_empty()
    }

    /// Looks up the rows that are not named by their numbers alone. To be called before [`Self::plain`].
    pub(crate) async fn look_up(&self, store: &dyn Store, batch: Option<&BatchView>) -> Result<(), CommandError> {
        if self.numbers().is_some() {
            return Ok(());
        }
        let Some(batch) = batch else {
            return Err(CommandError::usage("name the batch, too: only in a batch rows have names"));
        };
        let mut found = Vec::new();
        for name in &self.rows {
            found.extend(lookup::rows(store, batch, name).await?.into_iter().map(|view| view.job.id));
        }
        self.named.get_or_init(|| found);
        Ok(())
    }

    /// The rows, where all of them are named by their numbers.
    fn numbers(&self) -> Option<Vec<u64>> {
        self.rows.iter().map(|row| row.parse().ok()).collect()
    }

    /// The jobs that are meant.
    pub(crate) fn plain(&self) -> Selection {
        let named = self.named.get().into_iter().flatten().copied();
        Selection {
            rows: self.numbers().unwrap_or_default(),
            jobs: self.jobs.iter().copied().chain(named).collect(),
            account: self.account.clone(),
        }
    }
}

/// A kind of failure as people name it.
pub(crate) fn failure_kind(text: &str) -> Result<FailureKind, String> {
    let found = FailureKind::ALL.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| format!("one of {}", FailureKind::ALL.map(FailureKind::as_str).join(", ")))
}
