//! `reelq backup`: a whole copy of the state, and the way back to it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use reelq_config::{StorePlace, is_there};
use reelq_console::{CommandError, CommandResult, Exit, Out, bytes, grouped, plural, quoted};
use reelq_runner::{advice::held, context::CommandContext};
use reelq_store_sqlite::{Backup, SqliteStore};

/// Flags of `reelq backup`.
#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// The new file; with --restore, the backup to go back to
    file: PathBuf,
    /// Put this backup in the place of the state; a state that is there is kept beside it
    #[arg(long)]
    restore: bool,
}

pub(crate) async fn run(args: &BackupArgs, context: &CommandContext, out: Out) -> CommandResult {
    let place = context.place();
    let StorePlace::Sqlite(state) = place else { return Err(elsewhere(&place)) };
    if !args.restore && !is_there(&state).map_err(anyhow::Error::from)? {
        return Err(CommandError::usage(format!("there is no state at {} yet: nothing was run here", state.display())));
    }
    let (file, restore, clock) = (args.file.clone(), args.restore, Arc::clone(&context.clock));
    let from = state.clone();
    let work = move || {
        if restore { SqliteStore::restore(&file, &from, &clock) } else { SqliteStore::back_up(&from, &file, &clock) }
    };
    let done = tokio::task::spawn_blocking(work).await.context("wait for the copy")??;
    let report = serde_json::json!({
        "file": args.file.display().to_string(),
        "state": state.display().to_string(),
        "restored": restore,
        "taken_at": done.taken_at,
        "jobs": done.jobs,
        "bytes": done.bytes,
        "before": done.before.as_ref().map(|path| path.display().to_string()),
    });
    out.report(
        &report,
        |_| if restore { went_back(&done, &state, context) } else { taken(&done, &args.file, context) },
    );
    Ok(Exit::Done)
}

fn elsewhere(place: &StorePlace) -> CommandError {
    CommandError::usage(format!(
        "the state is in Redis ({place}): back it up there, with `redis-cli --rdb FILE` or a copy of the server's append-only \
         folder; docs/operations.md says how to come back from one"
    ))
}

fn jobs(backup: &Backup) -> String {
    format!("{} job{} as of {}", grouped(backup.jobs), plural(backup.jobs), backup.taken_at)
}

fn taken(backup: &Backup, file: &Path, context: &CommandContext) -> String {
    let way_back = format!("reelq backup --restore {}{}", quoted(&file.display().to_string()), context.flags());
    format!("{}: {}, {}\nto go back to it: {way_back}", file.display(), jobs(backup), bytes(backup.bytes))
}

fn went_back(backup: &Backup, state: &Path, context: &CommandContext) -> String {
    let before = backup.before.as_ref();
    let before = before.map(|path| format!("\nthe state before it is kept: {}", path.display())).unwrap_or_default();
    format!("{} is the backup: {}{before}\n{}", state.display(), jobs(backup), held(context))
}
