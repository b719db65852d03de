//! What a manifest changes against its batch in the store.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use reelq_model::{BatchName, JobId, Status};
use reelq_store::{JobView, Known, Line, LineDraft, Page, StatusCounts, Store};
use serde::Serialize;

use crate::error::Result;

/// How many lines of the manifest are new, changed, unchanged and gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// Jobs that the store does not know and that replace none.
    pub new: u64,
    /// Jobs that the store does not know, in the place (the row's `id`, else its number) of one that is gone.
    pub changed: u64,
    /// Jobs that the store knows.
    pub unchanged: u64,
    /// Lines that are gone and were not replaced by a changed one.
    pub removed: u64,
    /// Of the lines that are gone or replaced: jobs that were or may have been bought, and are followed and kept.
    pub removed_bought: u64,
    /// Where the unchanged ones stand.
    pub standing: StatusCounts,
}

/// Lines are read in pages of this size.
const PAGE: usize = 1_000;

/// The batch's present lines, as much of them as the comparison needs.
#[derive(Debug, Default)]
pub(crate) struct Previous {
    /// Every line's job, and whether it was bought.
    jobs: HashMap<JobId, bool>,
    places: HashMap<u64, JobId>,
    /// For each new job that stands in a known place: the job that stood there.
    replaced: HashSet<JobId>,
    seen: HashSet<JobId>,
    /// Jobs that were submitted before and wait to be bought again: a person had them queued.
    queued_again: Vec<JobId>,
    changes: Changes,
}

impl Previous {
    pub(crate) async fn read(store: &dyn Store, batch: &BatchName) -> Result<Self> {
        let mut previous = Self::default();
        if store.batch(batch).await?.is_none() {
            return Ok(previous);
        }
        let mut after = 0;
        loop {
            let lines = store.results(batch, Page { after, limit: PAGE }).await?;
            if lines.is_empty() {
                return Ok(previous);
            }
            after += u64::try_from(lines.len()).unwrap_or(u64::MAX);
            for line in &lines {
                let Some(place) = &line.view.line else { continue };
                let job = &line.view.job;
                let bought = job.submissions > 0 || !matches!(job.status(), Status::Queued | Status::Cancelled);
                previous.jobs.insert(job.id, bought);
                if job.submissions > 0 && job.status() == Status::Queued {
                    previous.queued_again.push(job.id);
                }
                previous.places.insert(place_of(place), job.id);
            }
        }
    }

    /// Compares one line; `true` where it will be bought as far as can be told now.
    pub(crate) fn compare(&mut self, draft: &LineDraft, known: Option<Known>) -> bool {
        let had_line = self.jobs.contains_key(&draft.id());
        if had_line {
            self.seen.insert(draft.id());
        }
        let Some(known) = known else {
            self.changes.new += 1;
            self.replaced.extend(self.places.get(&place_of(&draft.line)));
            return true;
        };
        self.changes.unchanged += 1;
        *self.changes.standing.0.entry(known.status).or_insert(0) += 1;
        match known.status {
            Status::Queued => true,
            // Cancelled because its line was gone; the line is back.
            Status::Cancelled => !had_line && !known.bought,
            _ => false,
        }
    }

    /// Whether the manifest that is compared asks for a job.
    pub(crate) fn has_line(&self, job: JobId) -> bool {
        self.seen.contains(&job)
    }

    /// The jobs that were queued again and that the manifest does not ask for any more.
    pub(crate) async fn queued_and_gone(&self, store: &dyn Store) -> Result<Vec<JobView>> {
        let mut found = Vec::new();
        for id in self.queued_again.iter().filter(|id| !self.seen.contains(id)) {
            found.extend(store.job(*id).await?);
        }
        Ok(found)
    }

    /// The sums, once every line was compared.
    pub(crate) fn finish(self) -> Changes {
        let mut changes = self.changes;
        let gone = |job: &JobId| !self.seen.contains(job);
        changes.changed = count(self.replaced.iter().filter(|job| gone(job)));
        changes.new = changes.new.saturating_sub(changes.changed);
        changes.removed = count(self.jobs.keys().filter(|job| gone(job))).saturating_sub(changes.changed);
        changes.removed_bought = count(self.jobs.iter().filter(|(job, bought)| **bought && gone(job)));
        changes
    }
}

fn count(items: impl Iterator) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}

/// A line's place: its label where it has one, else its number.
fn place_of(line: &Line) -> u64 {
    let mut hasher = DefaultHasher::new();
    match &line.label {
        Some(label) => (label, line.copy).hash(&mut hasher),
        None => (line.row, line.copy).hash(&mut hasher),
    }
    hasher.finish()
}
