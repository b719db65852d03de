//! Writes the result manifests of a batch, page by page, so that memory does not grow with its rows.

use std::{
    fs::File,
    io::{self, BufWriter},
    path::PathBuf,
};

use reelq_model::{BatchName, JobId, Status};
use reelq_results::{ResultFormat, ResultRecord, ResultWriter};
use reelq_store::{BatchView, JobView, Page, ResultLine, Store};

use super::{evidence::Unknown, note::all, record};
use crate::{Place, PlaceError, place::fresh};

const PAGE: usize = 500;

/// Why a result manifest could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResultsError {
    /// The store did not answer.
    #[error("read the results")]
    Store(#[from] reelq_store::Error),
    /// The file could not be written.
    #[error("write the result manifest")]
    Write(#[from] io::Error),
    /// The output place refused it.
    #[error("put the result manifest into the output place")]
    Place(#[from] PlaceError),
}

/// What came of writing the result manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// How many rows have a record that cannot be read.
    pub unreadable: u64,
    /// Whether those of before were left as they are: the state came from a backup, and no one has accepted that yet. They
    /// may name purchases that it does not know.
    pub older_kept: bool,
}

/// Gives the record of every line of a batch to `take`, in the order of the manifest. How many of the manifest's rows can be
/// read whole.
pub async fn for_each_record(
    store: &dyn Store,
    batch: &BatchName,
    mut take: impl FnMut(&ResultRecord) -> io::Result<()> + Send,
) -> Result<u64, ResultsError> {
    for_each_line(store, batch, |_, record| take(record)).await
}

async fn for_each_line(
    store: &dyn Store,
    batch: &BatchName,
    mut take: impl FnMut(&ResultLine, &ResultRecord) -> io::Result<()> + Send,
) -> Result<u64, ResultsError> {
    let (mut after, mut whole) = (0, 0);
    loop {
        let lines = store.results(batch, Page { after, limit: PAGE }).await?;
        for line in &lines {
            take(line, &record(line, &sharers(store, line).await?))?;
            whole += u64::from(line.view.line.is_some() && line.view.unread.is_none());
        }
        if lines.len() < PAGE {
            return Ok(whole);
        }
        after += lines.len() as u64;
    }
}

/// The job; nothing where its record cannot be read, which is no reason to do without the other lines.
fn if_readable(found: reelq_store::Result<Option<JobView>>) -> reelq_store::Result<Option<JobView>> {
    match found {
        Err(reelq_store::Error::Unreadable { .. }) => Ok(None),
        found => found,
    }
}

/// The jobs that share a task with one of the line's own; hardly ever any.
async fn sharers(store: &dyn Store, line: &ResultLine) -> Result<Vec<JobView>, ResultsError> {
    let mut found = Vec::new();
    for other in all(line).filter_map(|job| job.shares_task_with) {
        found.extend(if_readable(store.job(other).await)?);
    }
    Ok(found)
}

/// Writes `results.csv` and `results.jsonl` into the output place, instead of their older versions, and clears away what
/// is left of finished downloads. A state that came from a backup replaces none before a person has accepted that
/// ([`Store::accept_restored`]). Each line is shown to `see` along the way.
pub async fn write_results(
    store: &dyn Store,
    batch: &BatchName,
    place: &Place,
    see: &mut (dyn FnMut(&ResultLine) + Send),
) -> Result<Written, ResultsError> {
    let view = store.batch(batch).await?.ok_or_else(|| reelq_store::Error::NoBatch(batch.to_string()))?;
    let mut csv = Draft::begin(place, ResultFormat::Csv, view.batch.passthrough.clone())?;
    let mut jsonl = Draft::begin(place, ResultFormat::Jsonl, view.batch.passthrough.clone())?;
    let mut unreadable = 0;
    let whole = for_each_line(store, batch, |line, record| {
        see(line);
        unreadable += u64::from(record.is_unreadable);
        csv.writer.write(record)?;
        jsonl.writer.write(record)
    })
    .await?;
    let (csv, jsonl) = (csv.finish()?, jsonl.finish()?);
    // Of a batch that was purged meanwhile rows are missing: what was written before says more.
    if store.batch(batch).await?.is_none_or(|after| after.purging || after.created_at != view.created_at) {
        for draft in [csv, jsonl] {
            std::fs::remove_file(draft)?;
        }
        return Err(reelq_store::Error::BeingPurged(batch.to_string()).into());
    }
    if whole < view.counts.total() {
        forget_plan(store, &view).await;
    }
    let older_kept = store.restored().await?.is_some() && place.read("results.jsonl").await?.is_some();
    if older_kept {
        for draft in [csv, jsonl] {
            std::fs::remove_file(draft)?;
        }
        return Ok(Written { unreadable, older_kept });
    }
    Unknown::find(store, batch, place).await?.keep(place).await?;
    place.replace(&csv, "results.csv").await?;
    place.replace(&jsonl, "results.jsonl").await?;
    clear(store, batch, place).await?;
    Ok(Written { unreadable, older_kept })
}

/// Loading the manifest again names what is lost, and writes damaged lines anew: it must not take it for unchanged. What is
/// known of the rows is written all the same where that cannot be said.
async fn forget_plan(store: &dyn Store, view: &BatchView) {
    let kept = view.batch.loaded_with.as_ref().is_some_and(|with| with.planned.is_some());
    if kept && let Err(error) = store.forget_plan(&view.batch.name).await {
        tracing::warn!(batch = %view.batch.name, %error, "rows are damaged or lost, and the next load may not compare them");
    }
}

/// A result manifest that is not whole yet.
struct Draft {
    path: PathBuf,
    writer: ResultWriter<BufWriter<File>>,
}

impl Draft {
    fn begin(place: &Place, format: ResultFormat, passthrough: Vec<String>) -> io::Result<Self> {
        let extension = if format == ResultFormat::Csv { "csv" } else { "jsonl" };
        // Several processes may write at once: each has a draft of its own, and the last to finish is the newest.
        let (path, file) = fresh(place.parts(), &format!("results-{extension}"))?;
        let writer = ResultWriter::new(BufWriter::new(file), format, passthrough)?;
        Ok(Self { path, writer })
    }

    fn finish(self) -> io::Result<PathBuf> {
        let file = self.writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(self.path)
    }
}

async fn clear(store: &dyn Store, batch: &BatchName, place: &Place) -> Result<(), ResultsError> {
    if store.batch(batch).await?.is_none_or(|view| !may_look_back(&view)) {
        place.forget_placed().await?;
    }
    let mut over: Vec<JobId> = Vec::new();
    for job in place.jobs_with_parts().await? {
        match store.job(job).await {
            // No one knows what its parts are for.
            Err(reelq_store::Error::Unreadable { .. }) => {}
            found => {
                if found?.is_none_or(|view| view.job.status() == Status::Succeeded) {
                    over.push(job);
                }
            }
        }
    }
    Ok(place.sweep(over).await?)
}

/// Whether jobs are left that may yet ask where their outputs were put.
fn may_look_back(view: &BatchView) -> bool {
    let counts = [&view.counts, &view.others];
    counts.iter().any(|counts| counts.of(Status::Fetching) + counts.of(Status::Failed) > 0)
}
