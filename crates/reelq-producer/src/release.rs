//! Releases what is held of a batch: its own lines are loaded once more, as they stand in the store, each with its priority.

use reelq_model::{BatchName, JobDraft, Status};
use reelq_store::{
    BatchDraft, BatchView, Imported, ImportedWith, JobFilter, LineDraft, Page, ResultLine, Store, Walk, rules::hold,
};

use crate::{Error, HeldCost, error::Result};

/// Lines in one step.
const LINES: usize = 1_000;

/// What is held of a batch.
///
/// # Errors
/// The store cannot be read.
pub async fn held(store: &dyn Store, batch: &BatchName) -> Result<HeldCost> {
    let filter = JobFilter { batch: Some(batch.clone()), statuses: vec![Status::Queued], ..JobFilter::default() };
    let (mut walk, mut cost) = (Walk::new(store, &filter), HeldCost::default());
    while let Some(jobs) = walk.part().await? {
        for view in jobs.iter().filter(|view| !view.is_unreadable() && hold::is_held(view.job.priority)) {
            cost.add(view.job.price);
        }
    }
    Ok(cost)
}

/// Lets everything be bought that is held of a batch. No line changes but in this. May be repeated.
///
/// # Errors
/// The store cannot be written, another load takes this one's place, or a record of the batch cannot be read: then nothing is
/// released.
pub async fn release(store: &dyn Store, view: &BatchView) -> Result<Imported> {
    let load = store.begin_import(&draft(&view.batch)).await?;
    let mut after = 0;
    loop {
        let lines = store.results(&view.batch.name, Page { after, limit: LINES }).await?;
        after += u64::try_from(lines.len()).unwrap_or(u64::MAX);
        let drafts = lines.iter().filter_map(|line| released(line).transpose()).collect::<Result<Vec<_>>>()?;
        if !drafts.is_empty() {
            store.add_to_import(&load, &drafts).await?;
        }
        // Behind the lines come jobs whose line is gone.
        if drafts.len() < lines.len() || lines.is_empty() {
            return Ok(store.commit_import(&load).await?);
        }
    }
}

/// The line as it was loaded; nothing where it is gone.
fn released(line: &ResultLine) -> Result<Option<LineDraft>> {
    let view = &line.view;
    if view.unread.is_some() {
        return Err(Error::Unreadable(view.job.id));
    }
    let Some(line) = view.line.clone() else { return Ok(None) };
    let job = &view.job;
    let priority = hold::released(job.priority);
    let job = JobDraft { id: job.id, spec: job.spec.clone(), price: job.price, priority };
    Ok(Some(LineDraft { job, line }))
}

/// What a plan came to before does not hold any more.
fn draft(batch: &BatchDraft) -> BatchDraft {
    let with = batch.loaded_with.clone().map(|with| ImportedWith { planned: None, ..with });
    BatchDraft { loaded_with: with, ..batch.clone() }
}
