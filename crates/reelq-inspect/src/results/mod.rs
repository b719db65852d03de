//! The result manifest of a batch in every form, and manifests made of some of its rows.

mod again;
mod form;
mod guarded;
mod picked;
mod target;

use std::{
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use reelq_collector::for_each_record;
use reelq_console::{CommandError, CommandResult, Exit, Out, Screen, quoted};
use reelq_model::{BatchName, FailureKind, JobId, Status};
use reelq_results::{ClipLinks, ResultFormat, ResultReader, ResultWriter, WorkbookWriter};
use reelq_runner::opened::OpenedStore;
use reelq_store::BatchView;

use form::Form;
use picked::PickedJobs;
use target::OutFile;

/// The form that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedForm {
    /// Comma-separated, with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// An Excel workbook.
    Xlsx,
}

/// What of a batch is written, and how.
#[derive(Debug, Clone)]
pub struct ResultsRequest {
    /// The batch.
    pub batch: BatchName,
    /// The form that was asked for; else the file's name decides, and for a manifest the form that its rows came in.
    pub form: Option<AskedForm>,
    /// Rows of a manifest instead of result lines.
    pub as_manifest: bool,
    /// For a spreadsheet, which runs texts.
    pub for_spreadsheet: bool,
    /// The file; stdout where there is none.
    pub out: Option<PathBuf>,
    /// Only rows that failed.
    pub failed: bool,
    /// Of these, only failures of these kinds; empty for all.
    pub kinds: Vec<FailureKind>,
    /// Only what this file picked.
    pub picks: Option<PathBuf>,
}

/// A request with what was looked up for it.
struct Export<'a> {
    request: &'a ResultsRequest,
    store: &'a OpenedStore<'a>,
    view: &'a BatchView,
    form: Form,
    picked: Option<PickedJobs>,
}

/// Writes the results of a batch to where they were asked for.
///
/// # Errors
/// A request that cannot be met, a file of picks that cannot be taken, a store or a file that fails.
pub async fn write(request: &ResultsRequest, store: &OpenedStore<'_>, view: &BatchView, out: Out) -> CommandResult {
    let form = form::decide(request, &view.batch.manifest, out.is_json())?;
    if form == Form::Workbook && request.out.is_none() && io::stdout().is_terminal() {
        return Err(no_terminal(request, store));
    }
    let picked = match &request.picks {
        Some(file) => Some(PickedJobs::read(&store.context().given(file), &**store, &request.batch).await?),
        None => None,
    };
    let export = Export { request, store, view, form, picked };
    match &request.out {
        None => export.to_stdout(out).await,
        Some(path) => {
            export.to_file(&store.context().given(path), out).await?;
            out.note(&format!("written to {}", path.display()));
            Ok(Exit::Done)
        }
    }
}

/// A workbook is no text: the command that writes it into a file is named.
fn no_terminal(request: &ResultsRequest, store: &OpenedStore<'_>) -> CommandError {
    let flag = |is_set: bool, flag: &str| if is_set { format!(" {flag}") } else { String::new() };
    let kinds = request.kinds.iter().map(|kind| format!(" --kind {kind}")).collect::<Vec<_>>().concat();
    let picks = request.picks.as_ref().map(|file| format!(" --picks {}", quoted(&file.display().to_string())));
    let batch = &request.batch;
    CommandError::usage(format!(
        "a workbook cannot be shown on a terminal. Write it into a file: \
         reelq results {batch} --format xlsx{}{kinds}{} --out {batch}.xlsx{}",
        flag(request.failed, "--failed"),
        picks.unwrap_or_default(),
        store.context().flags()
    ))
}

impl Export<'_> {
    /// Whether a line is wanted: of this job, which stands so and failed so.
    fn wants(&self, job: &JobId, status: Option<Status>, kind: Option<FailureKind>) -> bool {
        let request = self.request;
        let fits = request.kinds.is_empty() || kind.is_some_and(|kind| request.kinds.contains(&kind));
        let failed = !request.failed || (status == Some(Status::Failed) && fits);
        failed && self.picked.as_ref().is_none_or(|picked| picked.has(job))
    }

    /// Exact, but on a terminal. A reader that went away is no fault.
    async fn to_stdout(&self, out: Out) -> CommandResult {
        let stdout = io::stdout();
        let written = if stdout.is_terminal() {
            self.write(BufWriter::new(Screen::new(stdout)), None, out).await
        } else {
            self.write(BufWriter::new(stdout), None, out).await
        };
        match written {
            Err(CommandError::Other(error)) if went_away(&error) => Ok(Exit::Done),
            written => written.map(|()| Exit::Done),
        }
    }

    async fn to_file(&self, path: &Path, out: Out) -> Result<(), CommandError> {
        let (store, view) = (self.store, self.view);
        let outputs: Vec<_> = store.batches().await?.into_iter().map(|view| view.batch.output).collect();
        guarded::refuse(path, view, &outputs, store.context())?;
        let failed = || format!("write {}", path.display());
        let target = OutFile::open(path).with_context(failed)?;
        match self.write(BufWriter::new(target.writer()), Some(path), out).await {
            Ok(()) => Ok(target.finish().with_context(failed)?),
            Err(failure) => {
                target.abandon();
                Err(failure)
            }
        }
    }

    async fn write(&self, writer: impl Write + Send, path: Option<&Path>, out: Out) -> Result<(), CommandError> {
        let carried = self.view.batch.passthrough.clone();
        match self.form {
            Form::Manifest(form) => self.write_manifest(form, writer).await,
            Form::Workbook => self.write_workbook(carried, writer, path, out).await,
            Form::Csv => {
                let reader =
                    if self.request.for_spreadsheet { ResultReader::Spreadsheet } else { ResultReader::Program };
                self.write_lines(ResultWriter::csv_for(reader, writer, carried)).await
            }
            Form::Jsonl => self.write_lines(ResultWriter::new(writer, ResultFormat::Jsonl, carried)).await,
        }
    }

    async fn write_lines<W: Write + Send>(&self, lines: io::Result<ResultWriter<W>>) -> Result<(), CommandError> {
        let mut lines = lines.context(WRITE)?;
        self.for_each(|record| lines.write(record)).await?;
        Ok(lines.finish().and_then(|mut writer| writer.flush()).context(WRITE)?)
    }

    async fn write_workbook(
        &self,
        carried: Vec<String>,
        writer: impl Write,
        path: Option<&Path>,
        out: Out,
    ) -> Result<(), CommandError> {
        let mut book = WorkbookWriter::new(carried, self.links(path)).context(WRITE)?;
        self.for_each(|record| book.write(record)).await?;
        let sums = book.finish(writer).context(WRITE)?;
        if sums.unlinked > 0 {
            out.note(&format!(
                "{} clips are named without a link: a sheet of Excel takes at most 65,530",
                reelq_console::grouped(sums.unlinked)
            ));
        }
        if sums.sheets > 1 {
            out.note(&format!("a sheet of Excel holds 1,048,576 rows: the workbook has {}", sums.sheets));
        }
        Ok(())
    }

    /// Clips in a folder are linked as seen from the workbook, where that is known.
    fn links(&self, path: Option<&Path>) -> ClipLinks {
        let output = &self.view.batch.output;
        if output.contains("://") {
            return ClipLinks::Address(format!("{}/", output.trim_end_matches('/')));
        }
        let whole = |path: &Path| std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).ok();
        let book = path.and_then(|path| {
            whole(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))
        });
        let clips = whole(Path::new(output)).unwrap_or_else(|| PathBuf::from(output));
        ClipLinks::between(book.as_deref(), &clips)
    }

    async fn for_each(
        &self,
        mut take: impl FnMut(&reelq_results::ResultRecord) -> io::Result<()> + Send,
    ) -> Result<(), CommandError> {
        for_each_record(&**self.store, &self.request.batch, |record| {
            let wanted = record.job.parse().is_ok_and(|job| self.wants(&job, record.status, record.error_kind));
            if wanted { take(record) } else { Ok(()) }
        })
        .await
        .context(WRITE)?;
        Ok(())
    }
}

const WRITE: &str = "write results";

fn went_away(error: &anyhow::Error) -> bool {
    let is_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(is_pipe)
}
