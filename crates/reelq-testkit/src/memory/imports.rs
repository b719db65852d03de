//! Loads, and which requests they ask for.
//! Lines wait out of sight until their load is finished. The next load of the batch supersedes an unfinished one.

use std::{cmp::Reverse, sync::Arc};

use reelq_model::{BatchName, Job, JobId, RequestKey, Stage};
use reelq_store::rules::{bounds, cancel::CancelWish, figures};
use reelq_store::transition::{self, LineGone, LineTerms};
use reelq_store::{
    BatchDraft, BatchRecord, Enqueued, Error, Import, Imported, ImportsSeen, Known, LineDraft, NotedRequest, Noting,
    RequestNote, Result, Unnoted,
};

use super::state::{Batch, Lines, Record, State};

impl State {
    pub(super) fn begin_import(&mut self, draft: &BatchDraft) -> Result<Import> {
        let (serial, record) = (self.next_serial(), BatchRecord::new(draft.clone(), self.now));
        let (lines, [begun, loaded, noted]) = (Lines::new(), [0; 3]);
        let new = Batch { serial, record, lines, begun, loaded, noted, staged: None };
        let batch = self.batches.entry(draft.name.clone()).or_insert(new);
        batch.refuse_purging()?;
        if batch.record.cancelling {
            return Err(Error::BeingCancelled(draft.name.to_string()));
        }
        batch.begun += 1;
        batch.staged = Some((draft.clone(), Lines::new()));
        Ok(Import { batch: draft.name.clone(), generation: batch.begun, seen: None })
    }

    fn staged(&mut self, load: &Import) -> Result<&mut (BatchDraft, Lines)> {
        let batch = self.batches.get_mut(&load.batch).filter(|batch| batch.begun == load.generation);
        batch.and_then(|batch| batch.staged.as_mut()).ok_or(Error::ImportSuperseded)
    }

    pub(super) fn add_to_import(&mut self, load: &Import, lines: &[LineDraft]) -> Result<Enqueued> {
        let (draft, mut staged) = self.staged(load)?.clone();
        let mut new = 0;
        for line in lines {
            if let Some(before) = staged.get(&line.id()) {
                line.check_repeat((before.line.row, before.line.copy))?;
            } else {
                new += u64::from(!self.jobs.contains_key(&line.id()));
                staged.insert(line.id(), line.clone());
            }
        }
        for line in lines {
            self.account(&line.job.spec.account);
        }
        *self.staged(load)? = (draft, staged);
        Ok(Enqueued { new, known: lines.len() as u64 - new })
    }

    pub(super) fn commit_import(&mut self, load: &Import) -> Result<Imported> {
        if let Some(batch) = self.batches.get(&load.batch).filter(|batch| batch.loaded == load.generation) {
            // The finish is repeated because its first answer was lost.
            return Ok(Imported { lines: batch.lines.len() as u64, ..Imported::default() });
        }
        let (now, mark, (draft, lines)) = (self.now, self.imports_seen()?.mark, self.staged(load)?.clone());
        if load.seen.as_ref().is_some_and(|seen| seen.mark != mark) {
            return Err(Error::ImportedMeanwhile);
        }
        let mut before = Lines::default();
        if let Some(batch) = self.batches.get_mut(&load.batch) {
            before = std::mem::replace(&mut batch.lines, lines.clone());
            (batch.loaded, batch.staged) = (load.generation, None);
            let record = &mut batch.record;
            (record.draft, record.whole, record.ended_at) = (draft, true, record.ended_at.or(Some(now)));
        }
        self.changes += 1;
        let cancelled = self.withdraw_gone(&load.batch, &before, &lines)?;
        let mut revived = 0;
        for line in lines.values() {
            revived += u64::from(self.place(&load.batch, line)?);
        }
        Ok(Imported { lines: lines.len() as u64, cancelled, revived })
    }

    /// Withdraws jobs whose line is gone and that wait to be submitted. Those that a worker holds, and those that may have
    /// been bought, are withdrawn should they come back to `ready`.
    fn withdraw_gone(&mut self, name: &BatchName, before: &Lines, lines: &Lines) -> Result<u64> {
        let is_gone = |record: &&Record| !lines.contains_key(&record.job.id);
        let gone: Vec<Record> = self.of_batch(name).filter(is_gone).cloned().collect();
        let mut cancelled = 0;
        for mut record in gone {
            record.former = before.get(&record.job.id).map(|line| line.line.clone()).or(record.former);
            record.listed = false;
            let step = transition::line_is_gone(self.now, &record.stored()).map_err(broken)?;
            cancelled += u64::from(step != LineGone::Kept && matches!(record.job.stage, Stage::Ready));
            let unwanted = Record { cancel: CancelWish::GONE, ..record.clone() };
            match step {
                LineGone::Withdraw(change) => drop(self.save(&unwanted, *change)),
                LineGone::Note(_) => drop(self.jobs.insert(unwanted.job.id, unwanted)),
                LineGone::Kept => drop(self.jobs.insert(record.job.id, record.clone())),
            }
        }
        Ok(cancelled)
    }

    /// Gives a line its job: a new one, or the one that is known. Whether that was revived.
    fn place(&mut self, name: &BatchName, line: &LineDraft) -> Result<bool> {
        let Ok(mut record) = self.record(line.id()) else {
            self.insert(Job::new(line.job.clone(), name.clone(), self.now), true);
            return Ok(false);
        };
        let was_gone = record.cancel == CancelWish::GONE;
        // A job that was never submitted and that no one holds takes over what the manifest now says of it.
        let may_change = match record.job.stage {
            Stage::Ready => record.lease_until.is_none(),
            Stage::Cancelled { .. } => was_gone,
            _ => false,
        };
        if may_change && let Some(job) = transition::take_over(&record.job, LineTerms::from(&line.job)) {
            (record.job, record.version) = (Arc::new(bounds::sound(job)), record.version + 1);
        }
        (record.listed, record.cancel) = (true, if was_gone { CancelWish::NONE } else { record.cancel });
        self.jobs.insert(line.id(), record.clone());
        let back = if was_gone { transition::line_is_back(self.now, &record.stored()).map_err(broken)? } else { None };
        Ok(back.map(|change| self.save(&record, change)).is_some())
    }

    pub(super) fn lookup(&self, _batch: &BatchName, ids: &[JobId]) -> Result<Vec<Option<Known>>> {
        let known = |record: &Record| Known { status: record.job.status(), bought: figures::bought(&record.job) };
        Ok(ids.iter().map(|id| self.jobs.get(id).map(known)).collect())
    }

    /// Loads are finished in one step: none is half made. A batch's serial tells it from one of that name before.
    pub(super) fn imports_seen(&self) -> Result<ImportsSeen> {
        let whole = || self.batches.values().filter(|batch| batch.record.whole);
        let each = whole().map(|batch| (batch.record.draft.name.clone(), batch.loaded)).collect();
        let marks: Vec<String> = whole().map(|batch| format!("{}:{}", batch.serial, batch.loaded)).collect();
        Ok(ImportsSeen { each, mark: marks.join(" ") })
    }

    pub(super) fn unnoted(&self) -> Result<Vec<Unnoted>> {
        let is_unnoted = |batch: &&Batch| {
            let record = &batch.record;
            record.whole && !record.purging && batch.loaded != batch.noted
        };
        let unnoted = self.batches.values().filter(is_unnoted);
        let of = |batch: &Batch| Unnoted { batch: batch.record.draft.name.clone(), generation: batch.loaded };
        Ok(unnoted.map(of).collect())
    }

    pub(super) fn note_requests(&mut self, batch: &BatchName, notes: &[RequestNote]) -> Result<()> {
        for RequestNote { key, noting } in notes {
            let place = (*key, batch.clone());
            match noting {
                Noting::Job(job) => self.requests.insert(place, (Some(*job), self.now)),
                Noting::Bought => self.requests.insert(place, (None, self.now)),
                Noting::Nothing => self.requests.remove(&place),
            };
        }
        Ok(())
    }

    pub(super) fn finish_noting(&mut self, noted: &Unnoted) -> Result<()> {
        if let Some(batch) = self.batches.get_mut(&noted.batch).filter(|batch| batch.loaded == noted.generation) {
            batch.noted = noted.generation;
        }
        Ok(())
    }

    pub(super) fn noted(&self, keys: &[RequestKey]) -> Result<Vec<Vec<NotedRequest>>> {
        let noted = |key: &RequestKey| {
            let found = self.requests.iter().filter(|((noted, _), _)| noted == key);
            found.map(|((_, batch), (job, _))| NotedRequest { batch: batch.clone(), job: *job }).collect()
        };
        Ok(keys.iter().map(noted).collect())
    }

    pub(super) fn trim_bought(&mut self, most: u64) -> Result<()> {
        let bought = self.requests.iter().filter(|(_, (job, _))| job.is_none());
        let mut bought: Vec<_> = bought.map(|(place, (_, at))| (Reverse(*at), place.clone())).collect();
        bought.sort_unstable();
        for (_, place) in bought.into_iter().skip(usize::try_from(most).unwrap_or(usize::MAX)) {
            self.requests.remove(&place);
        }
        Ok(())
    }
}

fn broken(illegal: impl std::fmt::Display) -> Error {
    Error::broken(illegal.to_string())
}
