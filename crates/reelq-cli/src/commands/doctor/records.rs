//! Checks of what the store holds: records that cannot be read.

use std::collections::BTreeSet;

use reelq_runner::{context::CommandContext, opened::OpenedStore};
use reelq_store::{RecordOf, UnreadableRecord};

use super::check::Check;

/// More are counted and not named.
const NAMED: usize = 20;

/// One check for each record that cannot be read; a good one where all can.
pub(super) async fn checks(context: &CommandContext) -> Vec<Check> {
    // Where there is no store, or it does not open, the check of the store says so.
    let Ok(Some(store)) = OpenedStore::read(context).await else { return Vec::new() };
    match store.unreadable_records().await {
        Ok(found) if found.is_empty() => vec![Check::good("records", "all of them can be read")],
        Ok(found) => {
            drop(store);
            forget_plans(context, &found).await;
            name(&found, &context.flags())
        }
        Err(error) => vec![Check::bad("records", format!("failed to {error}"), "fix the store first")],
    }
}

/// Lets the next load of each batch that is damaged compare all its rows, which mends lines and names what is lost.
/// A state that cannot be written to is left as it is.
async fn forget_plans(context: &CommandContext, found: &[UnreadableRecord]) {
    let Ok(Some(store)) = OpenedStore::find(context).await else { return };
    for batch in found.iter().filter_map(|record| record.batch.as_ref()).collect::<BTreeSet<_>>() {
        if let Err(error) = store.forget_plan(batch).await {
            tracing::debug!(%batch, %error, "what its plan came to is kept");
        }
    }
}

fn name(found: &[UnreadableRecord], flags: &str) -> Vec<Check> {
    let mut checks: Vec<Check> = found.iter().take(NAMED).map(|record| check(record, flags)).collect();
    if let Some(more) = found.len().checked_sub(NAMED).filter(|more| *more > 0) {
        checks.push(Check::bad("records", format!("{more} more cannot be read"), "fix those above first"));
    }
    checks
}

fn check(record: &UnreadableRecord, flags: &str) -> Check {
    let (name, reason) = (name_of(record), &record.reason);
    let fix = match &record.of {
        RecordOf::Job(job) => {
            format!("{}\n       to do without it: reelq doctor --remove {job}{flags}", fix(&record.of))
        }
        of => fix(of).to_owned(),
    };
    if matches!(record.of, RecordOf::Gone(_)) {
        return Check::doubtful("records", format!("{name} has no record: {reason}"), fix);
    }
    Check::bad("records", format!("{name} cannot be read: {reason}"), fix)
}

fn name_of(record: &UnreadableRecord) -> String {
    let batch = record.batch.as_ref().map_or_else(|| "an unknown batch".to_owned(), |batch| format!("batch {batch}"));
    match &record.of {
        RecordOf::Job(job) => format!("job {job} of {batch}"),
        RecordOf::Line(row) => format!("row {row} of {batch}, its line of the manifest,"),
        RecordOf::Gone(row) => format!("row {row} of {batch}"),
        RecordOf::Batch(name) => format!("batch {name}"),
        RecordOf::Account(name) => format!("account {name}"),
    }
}

const fn fix(of: &RecordOf) -> &'static str {
    match of {
        RecordOf::Job(_) => {
            "all other rows go on without it. If a newer reelq wrote it, use that one; else take it from a backup of the \
            state, and retry the row: its task is looked at before anything is bought"
        }
        RecordOf::Line(_) => {
            "its job goes on; its label and the columns that are carried along are not shown. Run or enqueue the manifest \
            again: that writes its lines anew, and buys nothing that was bought"
        }
        RecordOf::Gone(_) => {
            "it may have been bought: look for it at the vendor. Its manifest, loaded again, asks before it buys the row; without the \
            row it is forgotten"
        }
        RecordOf::Batch(_) => {
            "all other batches go on without it, and its jobs that were bought are followed. If a newer reelq wrote it, use \
            that one; else take the state from a backup"
        }
        RecordOf::Account(_) => {
            "nothing is bought on it under limits that cannot be read: `reelq run` sets them anew. A pause that cannot be \
            read ends by `reelq resume --account NAME`"
        }
    }
}
