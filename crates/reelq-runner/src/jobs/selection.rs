//! Which jobs of a batch are meant, and how they are named.

use reelq_model::{AccountName, BatchName, FailureKind, JobId, Status};
use reelq_store::{JobFilter, JobView, Store, first};

/// Which jobs are meant; all where nothing is said.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only these rows of the manifest.
    pub rows: Vec<u64>,
    /// Only these jobs.
    pub jobs: Vec<JobId>,
    /// Only jobs of this account.
    pub account: Option<AccountName>,
}

impl Selection {
    /// Whether it narrows anything.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.jobs.is_empty() && self.account.is_none()
    }

    /// Whether it names jobs one by one.
    pub const fn names_jobs(&self) -> bool {
        !self.rows.is_empty() || !self.jobs.is_empty()
    }

    /// As the store understands it.
    pub fn filter(&self, batch: Option<&BatchName>, statuses: &[Status], failures: &[FailureKind]) -> JobFilter {
        JobFilter {
            batch: batch.cloned(),
            account: self.account.clone(),
            statuses: statuses.to_vec(),
            failures: failures.to_vec(),
            ids: self.jobs.clone(),
            rows: self.rows.clone(),
        }
    }
}

/// So many jobs are changed in one step.
pub const AT_ONCE: usize = 250;

/// Every job that the filter means, read before any of them is changed.
pub async fn matching(store: &dyn Store, filter: &JobFilter) -> reelq_store::Result<Vec<JobView>> {
    first(store, filter, usize::MAX).await
}

/// A job as lists show it: its row, else its id.
pub fn place(view: &JobView) -> String {
    view.line.as_ref().map_or_else(|| "–".to_owned(), |line| format!("{}.{}", line.row, line.copy))
}

/// The beginning of a text, on one line.
pub fn brief(text: &str, length: usize) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= length {
        return flat;
    }
    let mut cut: String = flat.chars().take(length.saturating_sub(1)).collect();
    cut.push('…');
    cut
}
