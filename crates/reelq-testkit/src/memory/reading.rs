//! Jobs with what the store knows around them: one, by filter, along a cursor, and as the result manifest lists them.

use reelq_model::{BatchName, Job, JobId, Timestamp, WorkerId};
use reelq_store::{
    Cursor, Error, HistoryEntry, JobFilter, JobView, Page, Result, ResultLine, Scanned, UnreadableRecord, WorkerView,
    rules::{bounds, figures},
};

use super::state::{Record, State};

impl State {
    fn view(&self, record: &Record) -> JobView {
        let (job, stored) = (&record.job, record.stored());
        JobView {
            line: self.line(record).map(|(_, draft)| draft.line.clone()),
            due: record.due.filter(|_| !stored.is_leased()).map(bounds::time),
            worker: record.worker.clone(),
            cancel_requested: stored.cancel_is_requested() && !job.stage.is_terminal(),
            parked: record.parked,
            unread: None,
            job: Job::clone(job),
        }
    }

    pub(super) fn job(&self, job: JobId) -> Result<Option<JobView>> {
        Ok(self.jobs.get(&job).map(|record| self.view(record)))
    }

    fn is_meant(&self, filter: &JobFilter, record: &Record) -> bool {
        let is_named = filter.ids.contains(&record.job.id);
        let is_of_batch = filter.batch.as_ref().is_none_or(|batch| *batch == record.job.batch);
        is_of_batch && (is_named || (filter.ids.is_empty() && record.stored().is_shown()))
    }

    /// Where a walk meets the job.
    fn cursor(&self, record: &Record) -> Cursor {
        let batch = self.batches.get(&record.job.batch).map_or(0, |batch| batch.serial);
        match self.line(record) {
            Some((position, _)) => Cursor { batch, unlisted: false, at: i64::try_from(position).unwrap_or(i64::MAX) },
            None => Cursor { batch, unlisted: true, at: record.serial },
        }
    }

    /// In the order of their batches and lines, those of a batch without a line behind the others.
    pub(super) fn scan(&self, filter: &JobFilter, from: &Cursor, limit: usize) -> Result<Scanned> {
        let meant = self.jobs.values().filter(|record| self.is_meant(filter, record));
        let mut ahead: Vec<_> = meant.map(|record| (self.cursor(record), record)).collect();
        ahead.retain(|(place, _)| place >= from);
        ahead.sort_by_key(|(place, _)| *place);
        let views = ahead.into_iter().map(|(place, record)| (place, self.view(record)));
        let mut found = views.filter(|(_, view)| filter.passes(view));
        let part: Vec<_> = found.by_ref().take(limit).map(|(_, view)| view).collect();
        let next = found.next().map(|(place, _)| place);
        Ok(Scanned { views: part, next })
    }

    pub(super) fn results(&self, name: &BatchName, page: Page) -> Result<Vec<ResultLine>> {
        let batch = self.batches.get(name).ok_or_else(|| Error::NoBatch(name.to_string()))?;
        let listed = batch.lines.keys().filter_map(|id| self.jobs.get(id));
        let mut unlisted: Vec<_> = self.of_batch(name).filter(|record| !record.listed).collect();
        unlisted.sort_by_key(|record| record.serial);
        let (orphans, others): (Vec<_>, Vec<_>) = unlisted.into_iter().partition(|other| other.job.orphan_of.is_some());
        let others = others.into_iter().filter(|record| figures::bought(&record.job));
        let line = |record: &Record| {
            let own = orphans.iter().filter(|orphan| orphan.job.orphan_of == Some(record.job.id));
            let (view, orphans) = (self.view(record), own.map(|orphan| Job::clone(&orphan.job)).collect());
            ResultLine { former: record.former.clone().filter(|_| view.line.is_none()), view, orphans }
        };
        Ok(listed.chain(others).skip(position(page)).take(page.limit).map(line).collect())
    }

    pub(super) fn history(&self, job: JobId) -> Result<Vec<HistoryEntry>> {
        Ok(self.jobs.get(&job).map_or_else(Vec::new, |record| Vec::clone(&record.history)))
    }

    pub(super) fn workers(&self) -> Result<Vec<WorkerView>> {
        let view = |(id, seen_at): (&WorkerId, &Timestamp)| {
            let held = self.jobs.values().filter(|record| record.worker.as_ref() == Some(id));
            WorkerView { id: id.clone(), seen_at: *seen_at, leases: held.count() as u64 }
        };
        Ok(self.workers.iter().map(view).collect())
    }

    /// A store that reads no bytes has nothing that cannot be read.
    pub(super) fn unreadable_records(&self) -> Result<Vec<UnreadableRecord>> {
        Ok(Vec::new())
    }

    pub(super) fn unreadable_record(&self, _job: JobId) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    pub(super) fn remove_unreadable(&self, _job: JobId) -> Result<bool> {
        Ok(false)
    }

    pub(super) fn now(&self) -> Result<Timestamp> {
        Ok(self.now)
    }

    pub(super) fn calendar(&self) -> Result<Timestamp> {
        Ok(self.wall)
    }
}

fn position(page: Page) -> usize {
    usize::try_from(page.after).unwrap_or(usize::MAX)
}
