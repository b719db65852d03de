//! Rows by the names that people see: `4`, `4.2` (row and copy), the row's own id, and the beginning of the job's id.
//!
//! A number is a row, and is found by a search over the lines of the batch, however many there are. Labels and beginnings of
//! ids stand in no index: for them the batch is walked once, and little of it is held.

use reelq_console::grouped;
use reelq_model::{JobId, nearest};
use reelq_store::{BatchView, JobFilter, JobView, Page, Result, Store, Walk};

/// Why a name leads to no row.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowNameError {
    /// No row is called so, or several are.
    #[error("{0}")]
    Unclear(String),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] reelq_store::Error),
}

/// At most so many rows are named where a name is not clear.
const NAMED: usize = 6;
/// So many copies of a row are read at once.
const PAGE: usize = 100;
/// Shorter beginnings of ids are no names.
const SHORTEST: usize = 4;
/// The id of a job is as long.
const WHOLE: usize = 32;

/// The one job that a name means.
///
/// # Errors
/// No row is called so, or several are: then it says which.
pub async fn job_named(store: &dyn Store, batch: &BatchView, name: &str) -> std::result::Result<JobView, RowNameError> {
    let mut found = jobs_named(store, batch, name).await?;
    match (found.pop(), found.is_empty()) {
        (Some(view), true) => Ok(view),
        (last, _) => {
            found.extend(last);
            Err(RowNameError::Unclear(several(name, &found)))
        }
    }
}

/// The jobs that a name means: all copies where it is the name of a row.
///
/// # Errors
/// No row is called so, or names of different rows begin so: then it says which.
pub async fn jobs_named(
    store: &dyn Store,
    batch: &BatchView,
    name: &str,
) -> std::result::Result<Vec<JobView>, RowNameError> {
    if let Some((row, copy)) = place(name) {
        let mut copies = copies_of(store, batch, row).await?;
        copies.retain(|view| copy.is_none() || view.line.as_ref().map(|line| line.copy) == copy);
        if !copies.is_empty() {
            return Ok(copies);
        }
    }
    if name.len() == WHOLE
        && let Ok(id) = name.parse()
        && let Some(view) = of_id(store, batch, id).await?
    {
        return Ok(vec![view]);
    }
    let Called { labelled, begun, labels } = called(store, batch, name).await?;
    match (labelled.is_empty(), begun.len()) {
        (false, _) => Ok(labelled),
        (true, 1) => Ok(begun),
        (true, 0) => Err(RowNameError::Unclear(nothing(batch, name, &labels))),
        (true, _) => Err(RowNameError::Unclear(several(name, &begun))),
    }
}

/// A row's number, and its copy's where that is named.
fn place(name: &str) -> Option<(u64, Option<u32>)> {
    match name.split_once('.') {
        Some((row, copy)) => Some((row.parse().ok()?, Some(copy.parse().ok()?))),
        None => Some((name.parse().ok()?, None)),
    }
}

/// All copies of a row, found by halving the lines: rows stand in their order.
async fn copies_of(store: &dyn Store, batch: &BatchView, row: u64) -> Result<Vec<JobView>> {
    let (mut from, mut to) = (0, batch.counts.total());
    while from < to {
        let middle = from + (to - from) / 2;
        let line = lines(store, batch, middle, 1).await?.pop();
        let is_before = line.and_then(|view| view.line).is_some_and(|line| line.row < row);
        (from, to) = if is_before { (middle + 1, to) } else { (from, middle) };
    }
    let mut copies = Vec::new();
    loop {
        let part = lines(store, batch, from, PAGE).await?;
        let read = part.len();
        let before = copies.len();
        copies.extend(part.into_iter().filter(|view| view.line.as_ref().is_some_and(|line| line.row == row)));
        if copies.len() - before < PAGE || read < PAGE {
            return Ok(copies);
        }
        from += PAGE as u64;
    }
}

async fn lines(store: &dyn Store, batch: &BatchView, after: u64, limit: usize) -> Result<Vec<JobView>> {
    let page = store.results(&batch.batch.name, Page { after, limit }).await?;
    Ok(page.into_iter().map(|line| line.view).collect())
}

async fn of_id(store: &dyn Store, batch: &BatchView, id: JobId) -> Result<Option<JobView>> {
    Ok(store.job(id).await?.filter(|view| view.job.batch == batch.batch.name))
}

/// What a walk over a batch found under a name.
#[derive(Default)]
struct Called {
    labelled: Vec<JobView>,
    /// Their ids begin so; one more than are named, at most.
    begun: Vec<JobView>,
    /// Some labels of the batch, of which one may have been meant.
    labels: Vec<String>,
}

/// So many labels are compared with one that is not there.
const LABELS: usize = 2_000;

async fn called(store: &dyn Store, batch: &BatchView, name: &str) -> Result<Called> {
    let filter = JobFilter { batch: Some(batch.batch.name.clone()), ..JobFilter::default() };
    let (mut walk, mut found) = (Walk::new(store, &filter), Called::default());
    let begins = (name.len() >= SHORTEST).then(|| name.to_ascii_lowercase());
    while let Some(part) = walk.part().await? {
        for view in part {
            let label = view.line.as_ref().and_then(|line| line.label.as_deref());
            if label == Some(name) {
                found.labelled.push(view);
            } else if begins.as_ref().is_some_and(|begins| view.job.id.to_string().starts_with(begins.as_str())) {
                found.begun.extend(Some(view).filter(|_| found.begun.len() <= NAMED));
            } else if let Some(label) = label.filter(|_| found.labels.len() < LABELS) {
                found.labels.push(label.to_owned());
            }
        }
    }
    Ok(found)
}

/// A job as lists and messages name it, so that the name leads back to it: `4.2`, else its id.
pub fn shown_name(view: &JobView) -> String {
    view.line.as_ref().map_or_else(|| view.job.id.to_string(), |line| format!("{}.{}", line.row, line.copy))
}

fn several(name: &str, found: &[JobView]) -> String {
    let shown: Vec<_> = found.iter().take(NAMED).map(|view| format!("`{}`", shown_name(view))).collect();
    let more = if found.len() > shown.len() { " and more" } else { "" };
    format!("`{name}` could be {}{more}: name one of them", shown.join(", "))
}

fn nothing(batch: &BatchView, name: &str, labels: &[String]) -> String {
    let rows = batch.counts.total();
    let near = nearest(name, labels.iter().map(String::as_str)).map(|near| format!(". Did you mean `{near}`?"));
    let hint = near.unwrap_or_else(|| {
        let s = if rows == 1 { "" } else { "s" };
        format!(
            ": it has {} job{s}. A row is named by its number (`4`, or `4.2` for its second copy), its own id, or the \
             beginning of its job's id",
            grouped(rows)
        )
    });
    format!("no row of batch `{}` is called `{name}`{hint}", batch.batch.name)
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering::Relaxed},
        },
    };

    use async_trait::async_trait;
    use reelq_model::{BatchName, Timestamp};
    use reelq_store::{Cursor, Line, LineDraft, ResultLine, Scanned, SharedStore, StoreDecorator};
    use reelq_testkit::{TestStore, sample};

    use super::*;

    /// A store that counts the jobs that are read.
    #[derive(Debug)]
    struct Counted {
        inner: SharedStore,
        read: AtomicUsize,
    }

    #[async_trait]
    impl StoreDecorator for Counted {
        fn inner(&self) -> Result<SharedStore> {
            Ok(Arc::clone(&self.inner))
        }

        fn time(&self) -> Timestamp {
            self.inner.time()
        }

        fn epoch(&self) -> u64 {
            self.inner.epoch()
        }

        async fn results(&self, batch: &BatchName, page: Page) -> Result<Vec<ResultLine>> {
            let found = self.inner.results(batch, page).await?;
            self.read.fetch_add(found.len(), Relaxed);
            Ok(found)
        }

        async fn scan(&self, filter: &JobFilter, from: &Cursor, limit: usize) -> Result<Scanned> {
            let found = self.inner.scan(filter, from, limit).await?;
            self.read.fetch_add(found.views.len(), Relaxed);
            Ok(found)
        }
    }

    /// A batch of so many rows, of which each third has two copies.
    async fn loaded(rows: u64) -> (Counted, BatchView) {
        let store = TestStore::with_standing_clock().another();
        let load = store.begin_import(&sample::batch_draft("out")).await.unwrap();
        let mut lines = Vec::new();
        for row in 1..=rows {
            for copy in 1..=if row % 3 == 0 { 2 } else { 1 } {
                let line = Line { row, copy, label: Some(format!("shot-{row}")), passthrough: BTreeMap::new() };
                lines.push(LineDraft { job: sample::job_draft(&format!("prompt {row}"), copy), line });
            }
        }
        store.add_to_import(&load, &lines).await.unwrap();
        store.commit_import(&load).await.unwrap();
        let view = store.batch(&sample::batch()).await.unwrap().unwrap();
        (Counted { inner: store, read: AtomicUsize::new(0) }, view)
    }

    #[tokio::test]
    async fn a_row_is_found_by_its_number_without_reading_the_batch() {
        let (store, batch) = loaded(3_000).await;
        for row in [1, 2, 3, 1_499, 1_500, 2_999, 3_000] {
            store.read.store(0, Relaxed);
            let found = jobs_named(&store, &batch, &row.to_string()).await.unwrap();
            let rows: Vec<_> =
                found.iter().filter_map(|view| view.line.as_ref()).map(|line| (line.row, line.copy)).collect();
            let copies = if row % 3 == 0 { vec![(row, 1), (row, 2)] } else { vec![(row, 1)] };
            assert_eq!(rows, copies);
            assert!(store.read.load(Relaxed) < 150, "{} of 4,000 lines were read", store.read.load(Relaxed));
        }
        let one = job_named(&store, &batch, "1500.2").await.unwrap();
        assert_eq!(one.line.map(|line| (line.row, line.copy)), Some((1_500, 2)));
    }

    #[tokio::test]
    async fn labels_and_beginnings_of_ids_are_found_and_a_name_that_means_several_is_refused() {
        let (store, batch) = loaded(30).await;
        let seven = job_named(&store, &batch, "shot-7").await.unwrap();
        let id = seven.job.id.to_string();
        assert_eq!(job_named(&store, &batch, &id[..12]).await.unwrap().job.id, seven.job.id);
        let error = job_named(&store, &batch, "shot-9").await.unwrap_err().to_string();
        assert_eq!(error, "`shot-9` could be `9.1`, `9.2`: name one of them");
        let error = job_named(&store, &batch, "shot_7").await.unwrap_err().to_string();
        assert!(error.ends_with("is called `shot_7`. Did you mean `shot-7`?"), "{error}");
    }
}
