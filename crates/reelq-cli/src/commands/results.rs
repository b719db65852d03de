//! `reelq results`: the result manifest of a batch, at any time.

mod manifest;

use std::{
    io::{BufWriter, Write},
    path::PathBuf,
};

use anyhow::Context;
use clap::ValueEnum;
use reelq_collector::for_each_record;
use reelq_manifest::{ResultFormat, ResultWriter};
use reelq_model::{BatchName, FailureKind, Status};
use reelq_store::SharedStore;

use super::selection::failure_kind;
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    output::Out,
    session::Session,
};

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

/// Flags of `reelq results`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The batch
    batch: BatchName,
    /// The form; jsonl where --json is given
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write to this file instead of stdout; written beside and renamed
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
}

impl Args {
    /// Whether a line that stands so is wanted.
    fn wants(&self, status: Status, kind: Option<FailureKind>) -> bool {
        let fits = self.kinds.is_empty() || kind.is_some_and(|kind| self.kinds.contains(&kind));
        !self.failed || (status == Status::Failed && fits)
    }
}

pub(crate) async fn run(args: &Args, session: &Session, out: Out) -> Outcome {
    let store = session.store().await?;
    let view = session.batch(&*store, &args.batch).await?;
    let Some(path) = &args.out else {
        let stdout = std::io::stdout();
        write(args, session, &store, &view.batch.passthrough, BufWriter::new(stdout)).await?;
        return Ok(Exit::Done);
    };
    let beside = path.with_extension(format!("part-{}", std::process::id()));
    let file = std::fs::File::create(&beside).with_context(|| format!("write {}", beside.display()))?;
    write(args, session, &store, &view.batch.passthrough, BufWriter::new(file)).await?;
    std::fs::rename(&beside, path).with_context(|| format!("write {}", path.display()))?;
    out.note(&format!("written to {}", path.display()));
    Ok(Exit::Done)
}

async fn write(
    args: &Args,
    session: &Session,
    store: &SharedStore,
    passthrough: &[String],
    writer: impl Write + Send,
) -> Result<(), Failure> {
    if args.what == As::Manifest {
        return manifest::write(args, session, store, writer).await;
    }
    let csv = args.format.map_or(!session.global.json, |format| format == Format::Csv);
    let format = if csv { ResultFormat::Csv } else { ResultFormat::Jsonl };
    let mut lines = ResultWriter::new(writer, format, passthrough.to_vec()).context("write results")?;
    for_each_record(&**store, &args.batch, |record| {
        if args.wants(record.status, record.error_kind) { lines.write(record) } else { Ok(()) }
    })
    .await
    .context("write results")?;
    lines.finish().and_then(|mut writer| writer.flush()).context("write results")?;
    Ok(())
}
