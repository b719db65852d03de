//! Why a command is about fewer jobs than a person named, or about none.

use std::collections::BTreeSet;

use reelq_console::{Out, grouped};
use reelq_model::{JobId, Status};
use reelq_store::{BatchView, JobView, Store};

use super::selection::{Selection, matching};
use crate::paid::failure_of;

/// Why a selection has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// It names what is not there: which, in words.
    #[error("{0}")]
    NotThere(String),
    /// The store gave none.
    #[error(transparent)]
    Store(#[from] reelq_store::Error),
}

/// At most this many are named one by one.
const NAMED: usize = 10;

/// Refuses what was named and is not there: rows, jobs, the account. Nothing is done then, not even to those that are there.
/// Without a batch, all of them are meant. Gives the jobs that were named.
///
/// # Errors
///
/// Where any of what was named is not there; all of it is told.
pub async fn all_there(
    store: &dyn Store,
    batch: Option<&BatchView>,
    selection: &Selection,
) -> Result<Vec<JobView>, SelectionError> {
    if !selection.names_jobs() {
        if let Some(account) = &selection.account {
            let known: Vec<_> = store.accounts().await?.into_iter().map(|view| view.name).collect();
            if !known.contains(account) {
                let known = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let there = if known.is_empty() { "none has".to_owned() } else { format!("there are {known}") };
                return Err(SelectionError::NotThere(format!(
                    "no account named `{account}` has jobs in this store: {there}"
                )));
            }
        }
        return Ok(Vec::new());
    }
    let found = matching(store, &selection.filter(batch.map(|view| &view.batch.name), &[], &[])).await?;
    let gone = missing(store, selection, &found).await?;
    if gone.is_empty() {
        return Ok(found);
    }
    let (scope, nothing) = (scope(batch, selection), if found.is_empty() { "" } else { "; nothing was done" });
    Err(SelectionError::NotThere(format!("not among the jobs of {scope}: {}{nothing}", some(&gone, gone.len()))))
}

/// Refuses what was named and is not there, and says which of the named jobs stand where the command does nothing; where none
/// was named and none fits, how the batch stands. Without a batch, all of them are meant.
///
/// # Errors
///
/// As [`all_there`].
pub async fn explain(
    store: &dyn Store,
    batch: Option<&BatchView>,
    selection: &Selection,
    chosen: &[JobView],
    takes: &str,
    out: Out,
) -> Result<(), SelectionError> {
    let found = all_there(store, batch, selection).await?;
    if !selection.names_jobs() {
        if chosen.is_empty() {
            out.note(&format!("no job of {} fits{}; {takes}", scope(batch, selection), standing(batch)));
        }
        return Ok(());
    }
    if let Some(passed) = passed_over(&found, chosen) {
        out.note(&format!("left as they are: {passed}; {takes}"));
    }
    Ok(())
}

/// What was looked through.
fn scope(batch: Option<&BatchView>, selection: &Selection) -> String {
    let batch = batch.map_or_else(|| "any batch".to_owned(), |view| format!("batch `{}`", view.batch.name));
    let account = selection.account.as_ref().map(|name| format!(" of account `{name}`")).unwrap_or_default();
    batch + &account
}

/// Rows and jobs that are not there; of a job that is elsewhere, where.
async fn missing(store: &dyn Store, selection: &Selection, found: &[JobView]) -> reelq_store::Result<Vec<String>> {
    let rows: BTreeSet<u64> = found.iter().filter_map(|view| view.line.as_ref()).map(|line| line.row).collect();
    let ids: BTreeSet<JobId> = found.iter().map(|view| view.job.id).collect();
    let mut gone: Vec<_> =
        selection.rows.iter().filter(|row| !rows.contains(row)).map(|row| format!("row {row}")).collect();
    for id in selection.jobs.iter().filter(|id| !ids.contains(id)) {
        let elsewhere = if gone.len() < NAMED { store.job(*id).await? } else { None };
        let elsewhere =
            elsewhere.map(|view| format!(" (of batch `{}`, account `{}`)", view.job.batch, view.job.spec.account));
        gone.push(format!("job {id}{}", elsewhere.unwrap_or_default()));
    }
    Ok(gone)
}

/// Where those stand that the command does nothing about.
fn passed_over(found: &[JobView], chosen: &[JobView]) -> Option<String> {
    let chosen: BTreeSet<JobId> = chosen.iter().map(|view| view.job.id).collect();
    let others: Vec<_> = found.iter().filter(|view| !chosen.contains(&view.job.id)).collect();
    let told: Vec<_> = others.iter().take(NAMED).map(|view| stands(view)).collect();
    (!others.is_empty()).then(|| some(&told, others.len()))
}

fn stands(view: &JobView) -> String {
    let kind = failure_of(&view.job).map(|kind| format!(" ({kind})")).unwrap_or_default();
    format!("{} is {}{kind}", name(view), view.job.status())
}

fn some(told: &[String], all: usize) -> String {
    let shown = told.len().min(NAMED);
    let more = if all > shown { format!(" and {} more", all - shown) } else { String::new() };
    format!("{}{more}", told[..shown].join(", "))
}

/// A job as a sentence names it.
pub fn name(view: &JobView) -> String {
    match &view.line {
        Some(line) if line.copy > 1 => format!("row {} (copy {})", line.row, line.copy),
        Some(line) => format!("row {}", line.row),
        None => format!("job {}", view.job.id),
    }
}

fn standing(batch: Option<&BatchView>) -> String {
    let Some(batch) = batch else { return String::new() };
    let counts: Vec<_> = Status::ALL
        .into_iter()
        .map(|status| (status, batch.counts.of(status) + batch.others.of(status)))
        .filter(|(_, count)| *count > 0)
        .map(|(status, count)| format!("{} {status}", grouped(count)))
        .collect();
    if counts.is_empty() { ": it has none".to_owned() } else { format!(": it has {}", counts.join(", ")) }
}
