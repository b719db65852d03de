//! The contact sheet of a batch: one HTML file that shows its clips, and in which a person picks and rejects them. It needs
//! no server and no network, and holds nothing but data, a style and a script of our own, which its policy pins.

mod browser;
mod clips;
mod page;
mod place;
mod posters;

use std::{io::Write as _, path::PathBuf};

use anyhow::Context;
use reelq_console::{CommandError, Out, grouped, quoted, spent};
use reelq_runner::opened::OpenedStore;
use reelq_store::{BatchView, JobView, Page};
use serde::Serialize;

use clips::{ClipEntry, Clips};
use page::{PageHead, PageWriter};
use place::SheetPlace;
use posters::Posters;

/// What a contact sheet is to be.
#[derive(Debug, Clone)]
pub struct SheetRequest {
    /// The row whose clip is shown at once.
    pub row: Option<JobView>,
    /// Where the sheet goes; the batch's output place where that is a folder.
    pub out: Option<PathBuf>,
}

/// What was written.
#[derive(Debug, Serialize)]
pub struct SheetWritten {
    /// The file, from the root.
    pub path: PathBuf,
    /// How many jobs it shows.
    pub jobs: u64,
    /// How many jobs the batch's manifest asks for.
    pub of: u64,
}

/// A browser shows so many clips well; a page of more takes seconds to open.
const MOST: u64 = 50_000;
const PAGE: usize = 250;

/// Writes the contact sheet of a batch, says where it is, and opens it where someone looks on who named no file.
///
/// # Errors
/// The file is another's, or cannot be written; the store cannot be read.
pub async fn open(
    request: &SheetRequest,
    store: &OpenedStore<'_>,
    batch: &BatchView,
    out: Out,
) -> Result<(), CommandError> {
    let place = SheetPlace::find(request.out.as_deref().map(|path| store.context().given(path)), batch)?;
    let written = write(request, &place, store, batch, out).await?;
    out.report(&written, |written| written.path.display().to_string());
    if request.out.is_none() && out.is_terminal() && !out.is_json() {
        browser::open(&written.path, store.context(), out);
    }
    Ok(())
}

async fn write(
    request: &SheetRequest,
    place: &SheetPlace,
    store: &OpenedStore<'_>,
    batch: &BatchView,
    out: Out,
) -> Result<SheetWritten, CommandError> {
    let failed = || format!("write {}", place.path.display());
    let mut draft = place.draft().with_context(failed)?;
    let head = head(request, store, batch).await?;
    let shown = async {
        let mut page = PageWriter::begin(&mut draft, &head).with_context(failed)?;
        let jobs = add_jobs(&mut page, place, store, batch, out).await?;
        page.finish().with_context(failed)?;
        Ok::<_, CommandError>(jobs)
    };
    match shown.await {
        Ok(jobs) => {
            draft.flush().with_context(failed)?;
            let path = place.settle(draft).with_context(failed)?;
            Ok(SheetWritten { path, jobs, of: batch.counts.total() })
        }
        Err(failure) => {
            place.abandon();
            Err(failure)
        }
    }
}

async fn head(request: &SheetRequest, store: &OpenedStore<'_>, batch: &BatchView) -> Result<PageHead, CommandError> {
    let name = batch.batch.name.to_string();
    let picks_file = format!("picks-{name}.csv");
    let flags = store.context().flags();
    Ok(PageHead {
        v: 1,
        // Another namespace may have a batch of the same name, but not one that began at the same moment.
        picks_key: format!("{}/{name}", batch.created_at.millis()),
        written_at: store.now().await?.with_millis(),
        cost: Some(format!("{} spent", spent(batch))),
        notes: notes(batch, store.context().is_simulated()),
        next: Some(format!("reelq results {name} --picks {}{flags}", quoted(&picks_file))),
        open_row: request.row.as_ref().and_then(|view| view.line.as_ref()).map(|line| line.row),
        picks_file,
        batch: name,
    })
}

/// What a reader of the sheet should know of what it leaves out.
fn notes(batch: &BatchView, simulated: bool) -> Vec<String> {
    let (rows, output) = (batch.counts.total(), &batch.batch.output);
    let mut notes = Vec::new();
    if simulated {
        notes.push("Simulated: nothing here is real, and nothing was paid.".to_owned());
    }
    if rows > MOST {
        notes.push(format!("The first {} of {} clips: a page of more would be slow.", grouped(MOST), grouped(rows)));
    }
    if output.contains("://") {
        notes.push(format!("The clips are at {output}: the sheet names them, and cannot show them."));
    }
    let waiting = batch.counts.outstanding();
    if waiting > 0 {
        let clips = if waiting == 1 { "1 clip is".to_owned() } else { format!("{} clips are", grouped(waiting)) };
        notes.push(format!("{clips} not there yet: write the sheet again later, and your picks stay."));
    }
    notes
}

async fn add_jobs(
    page: &mut PageWriter<impl std::io::Write>,
    place: &SheetPlace,
    store: &OpenedStore<'_>,
    batch: &BatchView,
    out: Out,
) -> Result<u64, CommandError> {
    let (clips, mut posters) = (Clips::of(batch, place), Posters::find(place, batch));
    let (mut after, most) = (0, batch.counts.total().min(MOST));
    let mut row = Row::default();
    while after < most {
        let lines = store.results(&batch.batch.name, Page { after, limit: PAGE }).await?;
        if lines.is_empty() {
            break;
        }
        let listed: Vec<_> = lines.into_iter().filter(|line| line.view.line.is_some()).collect();
        after += listed.len() as u64;
        let drawn = posters.of(listed.iter().map(|line| &line.view.job), out).await;
        for (line, poster) in listed.iter().zip(drawn) {
            row.add(clips.entry(line, poster), page).context("write the sheet")?;
        }
        if listed.len() < PAGE {
            break;
        }
    }
    row.end(page).context("write the sheet")?;
    Ok(after.min(most))
}

/// The copies of one row, until all of them were met: each says how many there are.
#[derive(Default)]
struct Row(Vec<ClipEntry>);

impl Row {
    fn add(&mut self, entry: ClipEntry, page: &mut PageWriter<impl std::io::Write>) -> std::io::Result<()> {
        if self.0.first().is_some_and(|first| first.row != entry.row) {
            self.end(page)?;
        }
        self.0.push(entry);
        Ok(())
    }

    fn end(&mut self, page: &mut PageWriter<impl std::io::Write>) -> std::io::Result<()> {
        let copies = self.0.len();
        for mut entry in self.0.drain(..) {
            entry.copies = Some(copies).filter(|copies| *copies > 1);
            page.add(&entry)?;
        }
        Ok(())
    }
}
