//! `reelq open`: the contact sheet of a batch.

use std::path::PathBuf;

use reelq_console::{CommandResult, Exit, Out};
use reelq_model::BatchName;
use reelq_runner::context::CommandContext;
use reelq_sheet::{SheetRequest, open};

use crate::commands::lookup;

/// Flags of `reelq open`.
#[derive(Debug, clap::Args)]
pub(crate) struct OpenArgs {
    /// The batch
    batch: BatchName,
    /// The row whose clip is shown at once: its number, `4.2` for its second copy, its own id, or the beginning of its job's id
    row: Option<String>,
    /// Write the sheet to this file, and open no browser; else contact-sheet.html beside the clips
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) async fn run(args: &OpenArgs, context: &CommandContext, out: Out) -> CommandResult {
    let store = lookup::reading(context).await?;
    let batch = lookup::batch(&*store, &args.batch).await?;
    let row = match &args.row {
        Some(name) => lookup::rows(&*store, &batch, name).await?.into_iter().next(),
        None => None,
    };
    open(&SheetRequest { row, out: args.out.clone() }, &store, &batch, out).await?;
    Ok(Exit::Done)
}
