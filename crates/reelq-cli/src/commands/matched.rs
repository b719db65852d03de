//! Why a command is about fewer jobs than a person named, or about none.

use std::collections::BTreeSet;

use reelq_model::{JobId, Status};
use reelq_store::{BatchView, JobView, Store};

use super::selection::{Selection, matching};
use crate::{
    failure::Failure,
    output::{Out, grouped},
    paid::failure_of,
};

/// At most this many are named one by one.
const NAMED: usize = 10;

/// Says which of the jobs that were named are not there, and which stand where the command does nothing.
///
/// # Errors
///
/// Where none of the named jobs is there at all.
pub(crate) async fn explain(
    store: &dyn Store,
    batch: &BatchView,
    selection: &Selection,
    chosen: &[JobView],
    takes: &str,
    out: Out,
) -> Result<(), Failure> {
    if selection.is_empty() {
        if chosen.is_empty() {
            out.note(&format!("no job of batch {} fits: {}; {takes}", batch.batch.name, standing(batch)));
        }
        return Ok(());
    }
    let found = matching(store, &selection.filter(Some(&batch.batch.name), &[], &[])).await?;
    let missing = missing(selection, &found, batch);
    if found.is_empty() {
        return Err(Failure::usage(missing.unwrap_or_else(|| no_job_of(selection, batch))));
    }
    if let Some(missing) = missing {
        out.warning(&missing);
    }
    if let Some(passed) = passed_over(&found, chosen) {
        out.note(&format!("left as they are: {passed}; {takes}"));
    }
    Ok(())
}

fn no_job_of(selection: &Selection, batch: &BatchView) -> String {
    let account = selection.account.as_ref().map(|name| format!(" of account `{name}`")).unwrap_or_default();
    format!("batch `{}` has no such job{account}", batch.batch.name)
}

/// Rows and ids that the batch does not have.
fn missing(selection: &Selection, found: &[JobView], batch: &BatchView) -> Option<String> {
    let rows: BTreeSet<u64> = found.iter().filter_map(|view| view.line.as_ref()).map(|line| line.row).collect();
    let ids: BTreeSet<JobId> = found.iter().map(|view| view.job.id).collect();
    let rows = selection.rows.iter().filter(|row| !rows.contains(row)).map(|row| format!("row {row}"));
    let ids = selection.jobs.iter().filter(|id| !ids.contains(id)).map(|id| format!("job {id}"));
    // Where both are named, a job must fit both: then neither list is missing by itself.
    let gone: Vec<_> = rows.chain(ids).collect();
    let jobs = grouped(batch.counts.total() + batch.others.total());
    let account = selection.account.as_ref().map(|name| format!(" of account `{name}`")).unwrap_or_default();
    (!gone.is_empty()).then(|| {
        format!("not among the {jobs} jobs of batch `{}`{account}: {}", batch.batch.name, some(&gone, gone.len()))
    })
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
pub(crate) fn name(view: &JobView) -> String {
    match &view.line {
        Some(line) if line.copy > 1 => format!("row {} (copy {})", line.row, line.copy),
        Some(line) => format!("row {}", line.row),
        None => format!("job {}", view.job.id),
    }
}

fn standing(batch: &BatchView) -> String {
    let counts: Vec<_> = Status::ALL
        .into_iter()
        .map(|status| (status, batch.counts.of(status) + batch.others.of(status)))
        .filter(|(_, count)| *count > 0)
        .map(|(status, count)| format!("{} {status}", grouped(count)))
        .collect();
    if counts.is_empty() { "it has none".to_owned() } else { format!("it has {}", counts.join(", ")) }
}
