//! Loads: lines wait out of sight until the load is finished; the next load of the batch supersedes an unfinished one.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use reelq_model::{BatchName, Job, JobId, Stage};
use reelq_store::{
    BatchDraft, Enqueued, Error, Import, Imported, ImportsSeen, LineDraft, Result,
    rules::{bounds, cancel::CancelWish},
    transition::{self, LineGone},
};

use super::{
    batch::{Batch, Staged},
    record::Record,
    state::State,
};

impl State {
    pub(super) fn begin_import(&mut self, draft: &BatchDraft) -> Result<Import> {
        let (name, now, serial) = (draft.name.clone(), self.now, self.next_serial());
        let batch = self.batches.entry(name.clone()).or_insert_with(|| Batch::new(serial, draft.clone(), now));
        batch.refuse_purging()?;
        if batch.cancelling {
            return Err(Error::BeingCancelled(name.to_string()));
        }
        batch.loads += 1;
        batch.staged = Some(Staged { draft: draft.clone(), lines: Vec::new(), places: BTreeMap::new() });
        Ok(Import { batch: name, generation: batch.loads, seen: None })
    }

    fn staged(&mut self, import: &Import) -> Result<&mut Staged> {
        let batch = self.batches.get_mut(&import.batch).filter(|batch| batch.loads == import.generation);
        batch.and_then(|batch| batch.staged.as_mut()).ok_or(Error::ImportSuperseded)
    }

    /// The same line again is a chunk that was repeated; another line with the same job is a fault of the caller.
    pub(super) fn add_to_import(&mut self, import: &Import, lines: &[LineDraft]) -> Result<Enqueued> {
        let staged = self.staged(import)?;
        let mut new: BTreeMap<JobId, &LineDraft> = BTreeMap::new();
        for line in lines {
            let id = line.id();
            let before = staged.places.get(&id).map_or_else(|| *new.entry(id).or_insert(line), |at| &staged.lines[*at]);
            if (before.line.row, before.line.copy) != (line.line.row, line.line.copy) {
                let (one, other) = (before.line.row, line.line.row);
                return Err(Error::broken(format!("rows {one} and {other} ask for the same job {id}")));
            }
        }
        for line in lines {
            if let Entry::Vacant(place) = staged.places.entry(line.id()) {
                place.insert(staged.lines.len());
                staged.lines.push(line.clone());
            }
        }
        new.retain(|id, line| {
            self.accounts.entry(line.job.spec.account.clone()).or_default();
            !self.jobs.contains_key(id)
        });
        Ok(Enqueued { new: count(new.len()), known: count(lines.len() - new.len()) })
    }

    pub(super) fn commit_import(&mut self, import: &Import) -> Result<Imported> {
        if let Err(superseded) = self.staged(import) {
            // The finish is repeated because its first answer was lost.
            let batch = self.batches.get(&import.batch).filter(|batch| batch.load == import.generation);
            let batch = batch.ok_or(superseded)?;
            return Ok(Imported { lines: count(batch.lines.len()), ..Imported::default() });
        }
        if import.seen.as_ref().is_some_and(|seen| seen.mark != self.imports_seen().mark) {
            return Err(Error::ImportedMeanwhile);
        }
        let Some(staged) = self.batches.get_mut(&import.batch).and_then(|batch| batch.staged.take()) else {
            return Err(Error::ImportSuperseded);
        };
        let cancelled = self.withdraw_gone(&import.batch, &staged)?;
        let mut revived = 0;
        for (line, position) in staged.lines.iter().zip(0..) {
            revived += u64::from(self.place(&import.batch, line, position)?);
        }
        let lines = count(staged.lines.len());
        self.swap(import, staged);
        self.changes += 1;
        Ok(Imported { lines, cancelled, revived })
    }

    /// Withdraws jobs whose line is gone and that wait to be submitted. Those that a worker holds, and those that may have been bought,
    /// are withdrawn should they come back to `ready`.
    fn withdraw_gone(&mut self, name: &BatchName, staged: &Staged) -> Result<u64> {
        let is_gone = |record: &&Record| !staged.places.contains_key(&record.job.id);
        let gone: Vec<Record> = self.of_batch(name).filter(is_gone).cloned().collect();
        let mut cancelled = 0;
        for mut record in gone {
            record.position = None;
            let step = transition::line_is_gone(self.now, &record.stored()).map_err(broken)?;
            cancelled += u64::from(step != LineGone::Kept && matches!(record.job.stage, Stage::Ready));
            let gone = Record { cancel: CancelWish::GONE, ..record.clone() };
            match step {
                LineGone::Withdraw(change) => drop(self.save(&gone, *change)),
                LineGone::Note(_) => drop(self.jobs.insert(gone.job.id, gone)),
                LineGone::Kept => drop(self.jobs.insert(record.job.id, record.clone())),
            }
        }
        Ok(cancelled)
    }

    /// Gives a line its job: a new one, or the one that is known. Whether that was revived.
    fn place(&mut self, name: &BatchName, line: &LineDraft, position: usize) -> Result<bool> {
        let Ok(mut record) = self.record(line.id()) else {
            self.insert(Job::new(line.job.clone(), name.clone(), self.now), Some(position));
            return Ok(false);
        };
        record.position = Some(position);
        take_over(&mut record, line);
        let was_gone = record.cancel == CancelWish::GONE;
        if was_gone {
            record.cancel = CancelWish::NONE;
        }
        self.jobs.insert(line.id(), record.clone());
        let back = if was_gone { transition::line_is_back(self.now, &record.stored()).map_err(broken)? } else { None };
        Ok(back.map(|change| self.save(&record, change)).is_some())
    }

    fn swap(&mut self, import: &Import, staged: Staged) {
        let now = self.now;
        if let Some(batch) = self.batches.get_mut(&import.batch) {
            batch.lines = staged.lines.into_iter().map(|line| (line.id(), line.line)).collect();
            (batch.draft, batch.whole, batch.load) = (staged.draft, true, import.generation);
            batch.ended_at = batch.ended_at.or(Some(now));
        }
    }
}

/// A job that was never submitted and that no one holds takes over what the manifest now says of it.
fn take_over(record: &mut Record, line: &LineDraft) {
    let waits = match record.job.stage {
        Stage::Ready => true,
        Stage::Cancelled { .. } => record.cancel == CancelWish::GONE,
        _ => false,
    };
    if waits && record.lease_until.is_none() && record.job.submissions == 0 {
        let mut job = Job::clone(&record.job);
        (job.price, job.priority) = (line.job.price, line.job.priority);
        (job.spec.account, job.spec.fields) = (line.job.spec.account.clone(), line.job.spec.fields.clone());
        record.job = Arc::new(bounds::sound(job));
        record.version += 1;
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn broken(illegal: impl std::fmt::Display) -> Error {
    Error::broken(illegal.to_string())
}

impl State {
    /// Loads are finished in one step: none is half made. A batch's serial tells it from one of that name before.
    pub(super) fn imports_seen(&self) -> ImportsSeen {
        let whole = || self.batches.values().filter(|batch| batch.whole);
        let each = whole().map(|batch| (batch.draft.name.clone(), batch.load)).collect();
        let marks: Vec<String> = whole().map(|batch| format!("{}:{}", batch.serial, batch.load)).collect();
        ImportsSeen { each, mark: marks.join(" ") }
    }
}
