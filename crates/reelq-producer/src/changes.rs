//! What a manifest changes against its batch in the store.

use std::{collections::HashSet, sync::Arc};

use reelq_model::{Job, Status};
use reelq_store::{Known, LineDraft, StatusCounts};
use serde::Serialize;

use crate::{
    batch_jobs::{BatchJobs, at},
    error::Result,
};

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

impl Changes {
    /// Whether every line is known, and none is gone.
    pub(crate) const fn is_none(&self) -> bool {
        self.new == 0 && self.changed == 0 && self.removed == 0 && self.removed_bought == 0
    }
}

/// What is learned of the batch's present jobs while the lines of its manifest go by.
#[derive(Debug)]
pub(crate) struct Comparison {
    present: Arc<BatchJobs>,
    seen: Vec<bool>,
    /// Jobs in whose place a new one stands.
    replaced: HashSet<u32>,
    changes: Changes,
}

impl Comparison {
    pub(crate) fn with(present: Arc<BatchJobs>) -> Self {
        let seen = vec![false; present.len()];
        Self { present, seen, replaced: HashSet::new(), changes: Changes::default() }
    }

    /// Compares one line; `true` where it will be bought as far as can be told now.
    pub(crate) fn compare(&mut self, draft: &LineDraft, known: Option<Known>) -> Result<bool> {
        let there = self.present.find(draft.id())?;
        if let Some(index) = there {
            self.seen[at(index)] = true;
        }
        let Some(known) = known else {
            self.changes.new += 1;
            self.replaced.extend(self.present.in_place_of(&draft.line)?);
            return Ok(true);
        };
        self.changes.unchanged += 1;
        *self.changes.standing.0.entry(known.status).or_insert(0) += 1;
        Ok(match known.status {
            Status::Queued => true,
            // Cancelled because its line was gone; the line is back.
            Status::Cancelled => !there.is_some_and(|index| self.present.is_listed(index)) && !known.bought,
            _ => false,
        })
    }

    /// The jobs that a person had queued again and that the manifest does not ask for any more.
    pub(crate) fn beside(&self) -> impl Iterator<Item = &Job> {
        let gone = |(index, _): &&(u32, Job)| !self.seen[at(*index)];
        self.present.queued_again().iter().filter(gone).map(|(_, job)| job)
    }

    /// The sums, once every line was compared.
    pub(crate) fn finish(self) -> Changes {
        let Self { present, seen, replaced, mut changes } = self;
        let gone = |index: &u32| !seen[at(*index)] && present.is_listed(*index);
        let all = 0..u32::try_from(present.len()).unwrap_or(u32::MAX);
        changes.changed = count(replaced.iter().filter(|index| gone(index)));
        changes.new = changes.new.saturating_sub(changes.changed);
        changes.removed = count(all.clone().filter(gone)).saturating_sub(changes.changed);
        changes.removed_bought = count(all.filter(|index| gone(index) && present.may_be_bought(*index)));
        changes
    }
}

fn count(items: impl Iterator) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}
