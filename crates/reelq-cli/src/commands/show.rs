//! `reelq show`: one row in full.

use reelq_console::{CommandResult, Exit, Out};
use reelq_inspect::show::show;
use reelq_model::BatchName;
use reelq_runner::context::CommandContext;

use crate::commands::lookup;

/// Flags of `reelq show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The batch
    batch: BatchName,
    /// The row: its number, `4.2` for its second copy, its own id, or the beginning of its job's id
    row: String,
}

pub(crate) async fn run(args: &ShowArgs, context: &CommandContext, out: Out) -> CommandResult {
    let store = lookup::reading(context).await?;
    let batch = lookup::batch(&*store, &args.batch).await?;
    let view = lookup::row(&*store, &batch, &args.row).await?;
    show(&store, &batch, view, out).await?;
    Ok(Exit::Done)
}
