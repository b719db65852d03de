//! Which jobs a command is about.

use clap::Args;
use reelq_console::Failure;
use reelq_model::{AccountName, BatchName, FailureKind, JobId, Status};
use reelq_store::{Cursor, JobFilter, JobView, Store};

/// Narrows a command to some jobs.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Selection {
    /// Only this row of the manifest (may be repeated)
    #[arg(long = "row", value_name = "N")]
    pub(crate) rows: Vec<u64>,
    /// Only this job (may be repeated)
    #[arg(long = "job", value_name = "ID")]
    pub(crate) jobs: Vec<JobId>,
    /// Only jobs of this account
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<AccountName>,
}

impl Selection {
    /// Whether it narrows anything.
    pub(crate) const fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.jobs.is_empty() && self.account.is_none()
    }

    /// Whether it names jobs one by one.
    pub(crate) const fn names_jobs(&self) -> bool {
        !self.rows.is_empty() || !self.jobs.is_empty()
    }

    /// As the store understands it.
    pub(crate) fn filter(&self, batch: Option<&BatchName>, statuses: &[Status], failures: &[FailureKind]) -> JobFilter {
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

/// So many jobs are read, or changed, in one step.
pub(crate) const AT_ONCE: usize = 250;

/// Every job that the filter means, read before any of them is changed: by batch and row, those without a row last.
pub(crate) async fn matching(store: &dyn Store, filter: &JobFilter) -> Result<Vec<JobView>, Failure> {
    let (mut found, mut from) = (Vec::new(), Some(Cursor::default()));
    while let Some(cursor) = from {
        let part = store.scan(filter, &cursor, AT_ONCE).await?;
        found.extend(part.views);
        from = part.next;
    }
    let line = |view: &JobView| view.line.as_ref().map(|line| (line.row, line.copy));
    found.sort_by(|one: &JobView, other| {
        let order = |view: &JobView| (line(view).is_none(), view.job.batch.clone(), line(view));
        order(one).cmp(&order(other))
    });
    Ok(found)
}

/// A kind of failure as people name it.
pub(crate) fn failure_kind(text: &str) -> Result<FailureKind, String> {
    let found = FailureKind::ALL.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| format!("one of {}", FailureKind::ALL.map(FailureKind::as_str).join(", ")))
}

/// A job as lists show it: its row, else its id.
pub(crate) fn place(view: &JobView) -> String {
    view.line.as_ref().map_or_else(|| "–".to_owned(), |line| format!("{}.{}", line.row, line.copy))
}

/// The beginning of a text, on one line.
pub(crate) fn brief(text: &str, length: usize) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= length {
        return flat;
    }
    let mut cut: String = flat.chars().take(length.saturating_sub(1)).collect();
    cut.push('…');
    cut
}
