//! Jobs with what the store knows around them: one, by filter, along a cursor, and as the result manifest lists them.

use reelq_model::{BatchName, Job, Stage};
use reelq_store::{
    Cursor, Error, JobFilter, JobView, Page, Result, ResultLine, Scanned,
    rules::{bounds, figures},
};

use super::{record::Record, state::State};

impl State {
    pub(super) fn view(&self, record: &Record) -> JobView {
        let (job, stored) = (&record.job, record.stored());
        let lines = self.batches.get(&job.batch).map(|batch| &batch.lines);
        let line = record.position.and_then(|position| lines?.get(position)).map(|(_, line)| line.clone());
        JobView {
            line,
            due: record.due.filter(|_| !stored.is_leased()).map(bounds::time),
            worker: record.worker.clone(),
            cancel_requested: stored.cancel_is_requested() && !job.stage.is_terminal(),
            parked: record.parked,
            unread: None,
            job: Job::clone(job),
        }
    }

    fn matches(&self, filter: &JobFilter, record: &Record) -> bool {
        let job = &record.job;
        let failure = match &job.stage {
            Stage::Failed { failure, .. } => Some(failure.kind),
            _ => None,
        };
        let row = || self.view(record).line.map(|line| line.row);
        filter.batch.as_ref().is_none_or(|batch| *batch == job.batch)
            && filter.account.as_ref().is_none_or(|account| *account == job.spec.account)
            && (filter.statuses.is_empty() || filter.statuses.contains(&job.status()))
            && (filter.failures.is_empty() || failure.is_some_and(|kind| filter.failures.contains(&kind)))
            && (filter.rows.is_empty() || row().is_some_and(|row| filter.rows.contains(&row)))
            && (if filter.ids.is_empty() { record.stored().is_shown() } else { filter.ids.contains(&job.id) })
    }

    fn matching(&self, filter: &JobFilter) -> Vec<&Record> {
        self.jobs.values().filter(|record| self.matches(filter, record)).collect()
    }

    /// Jobs by filter, in the order of their batches and lines, those without a line last.
    pub(super) fn job_views(&self, filter: &JobFilter, page: Page) -> Vec<JobView> {
        let mut records = self.matching(filter);
        records.sort_by_key(|record| {
            let batch = self.batches.get(&record.job.batch).map(|batch| batch.serial);
            (record.position.is_none(), batch, record.position, record.serial)
        });
        records.into_iter().skip(position(page.after)).take(page.limit).map(|record| self.view(record)).collect()
    }

    /// Along the jobs' age, whatever becomes of them meanwhile.
    pub(super) fn scan(&self, filter: &JobFilter, from: &Cursor, limit: usize) -> Scanned {
        let mut records = self.matching(filter);
        records.retain(|record| record.serial > from.at);
        records.sort_by_key(|record| record.serial);
        let is_last = records.len() <= limit;
        records.truncate(limit);
        let at = records.last().map_or(from.at, |record| record.serial);
        let next = (!is_last).then(|| Cursor { at, ..Cursor::default() });
        Scanned { views: records.into_iter().map(|record| self.view(record)).collect(), next }
    }

    pub(super) fn results(&self, name: &BatchName, page: Page) -> Result<Vec<ResultLine>> {
        let batch = self.batches.get(name).ok_or_else(|| Error::NoBatch(name.to_string()))?;
        let listed = batch.lines.iter().filter_map(|(id, _)| self.jobs.get(id));
        let is_other = |record: &&Record| {
            record.position.is_none() && figures::bought(&record.job) && record.job.orphan_of.is_none()
        };
        let mut others: Vec<_> = self.of_batch(name).filter(is_other).collect();
        others.sort_by_key(|record| record.serial);
        let mut orphans: Vec<_> = self.of_batch(name).filter(|record| record.job.orphan_of.is_some()).collect();
        orphans.sort_by_key(|record| record.serial);
        let line = |record: &Record| {
            let own = orphans.iter().filter(|orphan| orphan.job.orphan_of == Some(record.job.id));
            ResultLine { view: self.view(record), orphans: own.map(|orphan| Job::clone(&orphan.job)).collect() }
        };
        Ok(listed.chain(others).skip(position(page.after)).take(page.limit).map(line).collect())
    }
}

fn position(after: u64) -> usize {
    usize::try_from(after).unwrap_or(usize::MAX)
}
