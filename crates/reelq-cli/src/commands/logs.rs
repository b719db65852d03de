//! `reelq logs`: the history of a batch.

use reelq_console::{CommandResult, Exit, Out};
use reelq_inspect::logs::write;
use reelq_model::BatchName;
use reelq_runner::context::CommandContext;

use crate::commands::lookup;

/// Flags of `reelq logs`.
#[derive(Debug, clap::Args)]
pub(crate) struct LogsArgs {
    /// The batch
    batch: BatchName,
    /// Go on with what happens from now on, until the batch has finished or you interrupt it
    #[arg(long, short)]
    follow: bool,
}

pub(crate) async fn run(args: &LogsArgs, context: &CommandContext, out: Out) -> CommandResult {
    let store = lookup::reading(context).await?;
    let batch = lookup::batch(&*store, &args.batch).await?;
    write(&*store, &batch, args.follow, out).await?;
    Ok(Exit::Done)
}
