//! `reelq results`: the result manifest of a batch, at any time.

mod guarded;
mod manifest;
mod target;

use std::{
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::ValueEnum;
use reelq_collector::for_each_record;
use reelq_console::{CommandError, CommandResult, Exit, Out, Screen};
use reelq_model::{BatchName, FailureKind, Status};
use reelq_results::{ResultFormat, ResultReader, ResultWriter};
use reelq_runner::{context::CommandContext, opened::OpenedStore};
use reelq_store::BatchView;

use super::{results::target::OutFile, selection::failure_kind};
use crate::commands::lookup;

/// The form of a result manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Comma-separated, with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// What the lines are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum As {
    /// Lines of the result manifest.
    Results,
    /// Rows of a manifest (JSONL) that asks for the same again.
    Manifest,
}

/// Who reads the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum For {
    /// Programs: every text exactly as it is.
    Programs,
    /// A spreadsheet: a text that it would take for a formula stands behind an apostrophe.
    Spreadsheet,
}

/// Flags of `reelq results`.
#[derive(Debug, clap::Args)]
pub(crate) struct ResultsArgs {
    /// The batch
    batch: BatchName,
    /// The form; jsonl where --json is given
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
    /// Write result lines, or rows of a manifest that runs as it is
    #[arg(long = "as", value_enum, default_value = "results", value_name = "WHAT")]
    what: As,
    /// Write the texts of CSV for programs, exactly as they are, or so that no spreadsheet runs them
    #[arg(long = "for", value_enum, default_value = "programs", value_name = "READER")]
    reader: For,
}

impl ResultsArgs {
    /// Whether a line that stands so is wanted.
    fn wants(&self, status: Option<Status>, kind: Option<FailureKind>) -> bool {
        let fits = self.kinds.is_empty() || kind.is_some_and(|kind| self.kinds.contains(&kind));
        !self.failed || (status == Some(Status::Failed) && fits)
    }

    fn is_csv(&self, out: Out) -> bool {
        self.what == As::Results && self.format.map_or(!out.is_json(), |format| format == Format::Csv)
    }
}

pub(crate) async fn run(args: &ResultsArgs, context: &CommandContext, out: Out) -> CommandResult {
    if args.reader == For::Spreadsheet && !args.is_csv(out) {
        return Err(CommandError::usage(
            "--for spreadsheet is for CSV: leave out --json, --format jsonl and --as manifest",
        ));
    }
    let store = lookup::reading(context).await?;
    let view = lookup::batch(&*store, &args.batch).await?;
    match &args.out {
        None => to_stdout(args, &store, &view, out).await,
        Some(path) => {
            to_file(path, args, &store, &view, out).await?;
            out.note(&format!("written to {}", path.display()));
            Ok(Exit::Done)
        }
    }
}

/// Exact, but on a terminal. A reader that went away is no fault.
async fn to_stdout(args: &ResultsArgs, store: &OpenedStore<'_>, view: &BatchView, out: Out) -> CommandResult {
    let stdout = io::stdout();
    let written = if stdout.is_terminal() {
        write(args, store, view, out, BufWriter::new(Screen::new(stdout))).await
    } else {
        write(args, store, view, out, BufWriter::new(stdout)).await
    };
    match written {
        Err(CommandError::Other(error)) if went_away(&error) => Ok(Exit::Done),
        written => written.map(|()| Exit::Done),
    }
}

fn went_away(error: &anyhow::Error) -> bool {
    let is_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(is_pipe)
}

async fn to_file(
    path: &Path,
    args: &ResultsArgs,
    store: &OpenedStore<'_>,
    view: &BatchView,
    out: Out,
) -> Result<(), CommandError> {
    let outputs: Vec<_> = store.batches().await?.into_iter().map(|view| view.batch.output).collect();
    guarded::refuse(path, view, &outputs, store.context())?;
    let failed = || format!("write {}", path.display());
    let target = OutFile::open(path).with_context(failed)?;
    match write(args, store, view, out, BufWriter::new(target.writer())).await {
        Ok(()) => Ok(target.finish().with_context(failed)?),
        Err(failure) => {
            target.abandon();
            Err(failure)
        }
    }
}

async fn write(
    args: &ResultsArgs,
    store: &OpenedStore<'_>,
    view: &BatchView,
    out: Out,
    writer: impl Write + Send,
) -> Result<(), CommandError> {
    if args.what == As::Manifest {
        return manifest::write(args, store.context(), store.shared(), writer).await;
    }
    let lines = if args.is_csv(out) {
        let reader = if args.reader == For::Spreadsheet { ResultReader::Spreadsheet } else { ResultReader::Program };
        ResultWriter::csv_for(reader, writer, view.batch.passthrough.clone())
    } else {
        ResultWriter::new(writer, ResultFormat::Jsonl, view.batch.passthrough.clone())
    };
    let mut lines = lines.context("write results")?;
    for_each_record(&**store, &args.batch, |record| {
        if args.wants(record.status, record.error_kind) { lines.write(record) } else { Ok(()) }
    })
    .await
    .context("write results")?;
    lines.finish().and_then(|mut writer| writer.flush()).context("write results")?;
    Ok(())
}
