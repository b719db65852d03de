//! `reelq doctor --remove JOB`: takes a record out of the store that cannot be read, and keeps what it held in a file.

use std::path::Path;

use anyhow::Context;
use reelq_console::{CommandError, CommandResult, Exit, Out, Proposal};
use reelq_files::private;
use reelq_model::{BatchName, JobId};
use reelq_producer::keep_removed;
use reelq_runner::context::CommandContext;
use reelq_store::{RecordOf, Store};
use serde::Serialize;

use crate::commands::{consent::Consent, lookup};

/// What was removed.
#[derive(Debug, Serialize)]
struct Removed {
    job: String,
    /// Where all that the record held was written.
    kept_in: String,
}

/// Asks, writes what the record held to a file, and removes it.
pub(super) async fn run(job: JobId, consent: Consent, context: &CommandContext, out: Out) -> CommandResult {
    let store = lookup::store(context).await?;
    let Some(held) = store.unreadable_record(job).await? else {
        return Err(CommandError::usage(format!(
            "job {job} has no record that cannot be read: only such a one is removed; `reelq doctor` names them"
        )));
    };
    let told = vec![
        format!(
            "the record of job {job} goes: its place in flight and the money set aside for it are given back, its history is forgotten"
        ),
        "it may have been bought: its row is new to the next load of its manifest, which asks, or takes --again, before it buys it; \
         what it cost no longer counts against its batch's budget"
            .to_owned(),
    ];
    let stake = Proposal { told, what: format!("remove the record of job {job}"), otherwise: "nothing was removed" };
    consent.to(&stake, context, out).await?;
    let file = context.state_folder().join("removed").join(format!("{job}.txt"));
    keep(&file, &held).with_context(|| format!("write {}", file.display()))?;
    keep_removed(&*store, &batch_of(&*store, job).await?, job).await?;
    if !store.remove_unreadable(job).await? {
        return Err(CommandError::usage(format!("job {job} can be read again: nothing was removed")));
    }
    let report = Removed { job: job.to_string(), kept_in: file.display().to_string() };
    out.report(&report, |report| {
        format!("job {} is removed; what its record held is in {}", report.job, report.kept_in)
    });
    Ok(Exit::Done)
}

/// The batch of a record that cannot be read; a name for what is not known where nothing tells it.
async fn batch_of(store: &dyn Store, job: JobId) -> Result<BatchName, CommandError> {
    let records = store.unreadable_records().await?;
    let found = records.into_iter().find(|record| record.of == RecordOf::Job(job)).and_then(|record| record.batch);
    Ok(found.map_or_else(|| BatchName::new("unknown").context("name an unknown batch"), Ok)?)
}

/// On disk before the record goes. Prompts and addresses are in it: it is this user's alone, as the state is.
fn keep(file: &Path, held: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        private::own_folder(folder)?;
    }
    reelq_files::replace(file, held)
}
