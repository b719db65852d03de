//! One row in full: what was asked for, what became of it and why, what was sent, and what can be done now.

mod draw;
mod next;
mod request;

use std::{collections::BTreeMap, path::Path};

use reelq_collector::record;
use reelq_console::{CommandError, Out};
use reelq_model::{Job, Money, Settlement, Stage, Status, Timestamp};
use reelq_runner::{jobs::named::shown_name, opened::OpenedStore};
use reelq_store::{BatchView, JobView, ResultLine};
use serde::Serialize;

use crate::events::{JobEvent, events};
use next::NextStep;
use request::SentRequest;

/// Everything that is shown of a row.
#[derive(Debug, Serialize)]
pub struct RowReport {
    batch: String,
    /// The row as it is named everywhere: `4.2`.
    name: String,
    status: Option<Status>,
    prompt: String,
    #[serde(flatten)]
    view: JobView,
    files: Vec<RowFile>,
    /// What it cost so far; `None` where a part of it is not known.
    #[serde(serialize_with = "Money::serialize_optional")]
    cost: Option<Money>,
    /// Why it failed, or why its purchase is in doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    /// What else there is to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    events: Vec<JobEvent>,
    /// Whether older entries of its history are not kept any more.
    is_history_cut: bool,
    request: SentRequest,
    next: Vec<NextStep>,
    /// The store's time.
    now: Timestamp,
}

/// A file that a row brought.
#[derive(Debug, Serialize)]
struct RowFile {
    /// Where it is, from the root; an address where it is on no disk.
    path: String,
    bytes: u64,
    /// Whether it is there; `None` where that was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_there: Option<bool>,
}

/// A store keeps so many entries of a history.
const HISTORY_KEPT: usize = 64;

/// Reads all that there is to know of a row, and shows it.
///
/// # Errors
/// The store or the row's images cannot be read.
pub async fn show(store: &OpenedStore<'_>, batch: &BatchView, view: JobView, out: Out) -> Result<(), CommandError> {
    let report = read(store, batch, view).await?;
    out.report(&report, draw::draw);
    Ok(())
}

async fn read(store: &OpenedStore<'_>, batch: &BatchView, view: JobView) -> Result<RowReport, CommandError> {
    let (job, now) = (&view.job, store.now().await?);
    let history = store.history(job.id).await?;
    let is_history_cut = history.len() >= HISTORY_KEPT;
    // Second charges are known to the line of a result, and only there.
    let told = record(&ResultLine { view: view.clone(), orphans: Vec::new(), former: None }, &[]);
    Ok(RowReport {
        batch: batch.batch.name.to_string(),
        name: shown_name(&view),
        status: view.status(),
        prompt: job.spec.prompt().to_owned(),
        files: files(job, &batch.batch.output),
        cost: job.cost(),
        error_message: told.error_message,
        note: told.note,
        events: events(job, history),
        is_history_cut,
        request: SentRequest::rebuilt(store, job).await,
        next: next::steps(store.context(), batch, &view, now),
        now,
        view,
    })
}

fn files(job: &Job, output: &str) -> Vec<RowFile> {
    let Stage::Succeeded { files, .. } = &job.stage else { return Vec::new() };
    let file = |file: &reelq_model::StoredFile| {
        if output.contains("://") {
            let path = format!("{}/{}", output.trim_end_matches('/'), file.path);
            return RowFile { path, bytes: file.bytes, is_there: None };
        }
        let path = Path::new(output).join(&file.path);
        let path = std::path::absolute(&path).unwrap_or(path);
        RowFile { is_there: Some(path.exists()), path: path.display().to_string(), bytes: file.bytes }
    };
    files.iter().map(file).collect()
}

/// The request's fields but the prompt, as people read them.
fn fields(job: &Job) -> BTreeMap<&str, String> {
    let fields = job.spec.fields.iter().filter(|(name, _)| *name != "prompt");
    fields
        .map(|(name, value)| (name.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect()
}

/// What was charged for a job, in words.
fn charged(job: &Job, cost: Option<Money>) -> String {
    let open = job.charges.iter().any(|charge| charge.settlement == Settlement::Open);
    let refunded =
        !job.charges.is_empty() && job.charges.iter().all(|charge| charge.settlement == Settlement::Refunded);
    match (cost, job.charges.len()) {
        (_, 0) if job.doubtful.is_empty() && job.in_doubt().is_none() => "nothing was charged".to_owned(),
        (Some(_), _) if refunded => "nothing: what was charged was given back".to_owned(),
        (Some(cost), _) if open => {
            format!("{}, unless the provider says otherwise in the end", reelq_console::money(cost))
        }
        (Some(cost), _) => reelq_console::money(cost),
        (None, _) => "not known".to_owned(),
    }
}
