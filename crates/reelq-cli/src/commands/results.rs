//! `reelq results`: the result manifest of a batch, at any time.

use std::path::PathBuf;

use clap::ValueEnum;
use reelq_console::{CommandResult, Out};
use reelq_inspect::results::{AskedForm, ResultsRequest, write};
use reelq_model::{BatchName, FailureKind};
use reelq_runner::context::CommandContext;

use super::selection::failure_kind;
use crate::commands::lookup;

/// The form of a result manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Comma-separated, with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// An Excel workbook, with links to the clips.
    Xlsx,
}

/// What the lines are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum As {
    /// Lines of the result manifest.
    Results,
    /// Rows of a manifest that asks for the same again, in the form that they came in.
    Manifest,
}

/// Who reads the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum For {
    /// Programs: every text exactly as it is.
    Programs,
    /// A spreadsheet: marked as UTF-8, with its line ends, and a text that it would run stands behind an apostrophe.
    Spreadsheet,
}

/// Flags of `reelq results`.
#[derive(Debug, clap::Args)]
pub(crate) struct ResultsArgs {
    /// The batch
    batch: BatchName,
    /// The form; without it FILE's name decides, else jsonl where --json is given, else csv
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write to this file instead of stdout: written beside, synced and renamed; a pipe or device is written through
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only rows that failed
    #[arg(long)]
    failed: bool,
    /// Of these, only failures of this kind: content, invalid, transient, provider, expired, output, `given_up` (may be repeated)
    #[arg(long = "kind", value_name = "KIND", value_parser = failure_kind, requires = "failed")]
    kinds: Vec<FailureKind>,
    /// Only the clips that this file picked: a CSV with `job,row,copy,id,pick,note`, as the page of `reelq open` saves it
    #[arg(long, value_name = "FILE")]
    picks: Option<PathBuf>,
    /// Write result lines, or rows of a manifest that runs as it is
    #[arg(long = "as", value_enum, default_value = "results", value_name = "WHAT")]
    what: As,
    /// Write the texts of CSV for programs, exactly as they are, or so that no spreadsheet runs them
    #[arg(long = "for", value_enum, default_value = "programs", value_name = "READER")]
    reader: For,
}

impl From<&ResultsArgs> for ResultsRequest {
    fn from(args: &ResultsArgs) -> Self {
        Self {
            batch: args.batch.clone(),
            form: args.format.map(|format| match format {
                Format::Csv => AskedForm::Csv,
                Format::Jsonl => AskedForm::Jsonl,
                Format::Xlsx => AskedForm::Xlsx,
            }),
            as_manifest: args.what == As::Manifest,
            for_spreadsheet: args.reader == For::Spreadsheet,
            out: args.out.clone(),
            failed: args.failed,
            kinds: args.kinds.clone(),
            picks: args.picks.clone(),
        }
    }
}

pub(crate) async fn run(args: &ResultsArgs, context: &CommandContext, out: Out) -> CommandResult {
    let store = lookup::reading(context).await?;
    let view = lookup::batch(&*store, &args.batch).await?;
    write(&args.into(), &store, &view, out).await
}
