//! What is done and said once a run has ended.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::Context;
use reelq_collector::Place;
use reelq_console::{CommandError, Exit, Out, grouped, plural, quoted};
use reelq_model::{AccountName, BatchName};
use reelq_store::{AccountView, BatchView, SharedStore};
use serde::Serialize;

use super::{
    outcome::BatchOutcome,
    summary::{NextCommands, summary},
};
use crate::{
    context::CommandContext,
    jobs::{noticed::Noticed, stuck::Stuck},
    work::{reporting::stamped, scope::WorkEnd},
};

/// How a run ended, as data.
#[derive(Debug, Serialize)]
struct Report<'a> {
    simulated: bool,
    exit_code: u8,
    outstanding: u64,
    unconfirmed: u64,
    shared_tasks: u64,
    unpriced_accounts: &'a BTreeSet<AccountName>,
    unreadable: u64,
    waiting: &'a [Stuck],
    batch: &'a BatchView,
    accounts: &'a [AccountView],
    results: PathBuf,
}

/// A batch that was worked on.
#[derive(Debug)]
pub struct Closing<'a> {
    /// Its name.
    pub batch: &'a BatchName,
    /// The accounts that it uses.
    pub used: &'a [AccountName],
    /// The lines of its manifest, and the command that tells which of them are not in the store.
    pub manifest: Option<&'a (u64, String)>,
    /// How the work on it ended.
    pub finish: WorkEnd,
    /// How long it was worked on.
    pub seconds: u64,
}

/// Writes the result manifests, says what became of the batch, and gives the exit code.
pub async fn closing(
    context: &CommandContext,
    store: &SharedStore,
    worked: &Closing<'_>,
    out: Out,
) -> Result<Exit, CommandError> {
    let view = super::lost::batch(context, &**store, worked.batch).await?;
    let mut commands = NextCommands::of(context, &view);
    if store.restored().await?.is_some() {
        // Nothing that is queued is bought before that, however often the batch is gone on with.
        commands.run = format!("reelq resume --after-loss{}", context.flags());
    }
    let place = Place::open(&view.batch.output, &view.batch.name, &context.storage());
    let place = place.context("open the output place")?;
    let mut noticed = Noticed::of_all();
    let (unreadable, is_written) = match stamped(&**store, &view, &place, &mut |line| noticed.see(line)).await {
        Ok(written) => {
            if written.older_kept {
                out.warning(&older_kept(&view, context));
            }
            (written.unreadable, true)
        }
        // How the batch stands is told all the same; nothing of it is lost.
        Err(error) => {
            let (name, flags) = (&view.batch.name, context.flags());
            out.warning(&format!(
                "the result manifests could not be written: {error:#}; elsewhere: reelq results {name} --out results.csv{flags}"
            ));
            noticed = Noticed::read(&**store, [&view.batch.name]).await?;
            (0, false)
        }
    };
    let used: Vec<String> = worked.used.iter().map(ToString::to_string).collect();
    let outcome = BatchOutcome { unreadable, ..BatchOutcome::with(&**store, view, &used, noticed).await? };
    let lost = worked.manifest.map_or(0, |(lines, _)| lines.saturating_sub(outcome.batch.counts.total()));
    let exit = exit(worked.finish, outcome.exit(), lost + u64::from(!is_written));
    if let Some((_, plan)) = worked.manifest.filter(|_| lost > 0) {
        let rows = format!("{} row{}", grouped(lost), plural(lost));
        out.warning(&format!(
            "{rows} of the manifest are not in the store: it lost them, or another manifest was loaded; what loading it again would do: {plan}"
        ));
    }
    if context.is_simulated() {
        out.note("This was a simulation: nothing was bought, and no output is real.");
    }
    let told = summary(&outcome, &commands, worked.seconds);
    out.ending(exit, &told);
    if out.is_json() {
        out.json(&Report {
            simulated: context.is_simulated(),
            exit_code: exit as u8,
            outstanding: outcome.outstanding,
            unconfirmed: outcome.unconfirmed,
            shared_tasks: outcome.shared_tasks,
            unpriced_accounts: &outcome.unpriced_accounts,
            unreadable,
            waiting: &outcome.waiting,
            batch: &outcome.batch,
            accounts: &outcome.accounts,
            results: Path::new(&outcome.batch.batch.output).join("results.csv"),
        });
    }
    Ok(exit)
}

/// What is said where a state that came from a backup left the result manifests as they were.
fn older_kept(view: &BatchView, context: &CommandContext) -> String {
    let (place, name, flags) = (quoted(&view.batch.output), &view.batch.name, context.flags());
    format!(
        "the result manifests in {place} stay as they are: they may tell of purchases that the backup does not know; how the \
         batch stands in the backup: reelq results {name}{flags}"
    )
}

/// The exit code; `lost` rows of the manifest are not in the store, so that running it again brings them.
fn exit(finish: WorkEnd, of_batch: Exit, lost: u64) -> Exit {
    match (finish, of_batch) {
        (WorkEnd::Interrupted, _) => Exit::Interrupted,
        (WorkEnd::Settled, Exit::Done) if lost > 0 => Exit::Outstanding,
        (WorkEnd::Settled, exit) => exit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_whose_rows_the_store_lost_has_not_succeeded() {
        assert!(exit(WorkEnd::Settled, Exit::Done, 1) == Exit::Outstanding);
        assert!(exit(WorkEnd::Settled, Exit::Done, 0) == Exit::Done);
        assert!(exit(WorkEnd::Settled, Exit::Unconfirmed, 1) == Exit::Unconfirmed);
        assert!(exit(WorkEnd::Interrupted, Exit::Done, 1) == Exit::Interrupted);
    }
}
