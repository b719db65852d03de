//! The jobs that a batch has already, by id, by what they ask for, and by their place in its manifest.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use reelq_model::{BatchName, Job, JobId, JobSpec, RequestKey, Status};
use reelq_provider::{Catalogue, Identity};
use reelq_store::{JobView, Line, Page, Store};
use reelq_store_scratch::{JobEntry, JobTable, Rank, Spelling};

use crate::{Accounts, Error, error::Result};

/// Lines are read in pages of this size.
pub(crate) const PAGE: usize = 1_000;

/// The two keys of a request: see [`Identity`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestKeys {
    pub(crate) left_out: RequestKey,
    pub(crate) written_out: RequestKey,
}

impl RequestKeys {
    /// The keys of a request, by the catalogue of its vendor as it is configured now.
    pub(crate) fn of(accounts: &Accounts, spec: &JobSpec) -> Self {
        match accounts.iter().find(|account| *account.provider.name() == spec.provider) {
            Some(account) => Self::by(account.provider.catalogue(), spec),
            None => Self::by(&Catalogue::default(), spec),
        }
    }

    fn by(catalogue: &Catalogue, spec: &JobSpec) -> Self {
        let identity = Identity::of(catalogue, spec);
        Self { left_out: (&identity.left_out).into(), written_out: (&identity.written_out).into() }
    }

    /// Each different one.
    pub(crate) fn each(self) -> impl Iterator<Item = RequestKey> {
        let other = (self.written_out != self.left_out).then_some(self.written_out);
        [Some(self.left_out), other].into_iter().flatten()
    }
}

/// Whether a job was, or may have been, bought.
pub(crate) fn may_be_bought(job: &Job) -> bool {
    job.submissions > 0 || !matches!(job.status(), Status::Queued | Status::Cancelled)
}

/// What memory holds of each job.
#[derive(Debug, Clone, Copy)]
struct Marks {
    is_listed: bool,
    may_be_bought: bool,
}

/// The jobs of a batch as a plan found them. They lie in a private file: memory holds two bytes of each.
#[derive(Debug, Default)]
pub(crate) struct BatchJobs {
    /// In the order of their lines; bought ones whose line is gone behind them.
    marks: Vec<Marks>,
    /// Nothing where there is no job.
    table: Option<JobTable>,
    /// Those whose record cannot be read, or is gone: what became of them is not known.
    unread: HashSet<JobId>,
    /// Those that were submitted before and wait to be bought again, for a person had them queued.
    queued_again: Vec<(u32, Job)>,
}

impl BatchJobs {
    /// Reads the jobs of `batch`; none where the store does not know it.
    pub(crate) async fn read(store: &dyn Store, batch: &BatchName, accounts: &Accounts) -> Result<Self> {
        if store.batch(batch).await?.is_none() {
            return Ok(Self::default());
        }
        let (mut jobs, mut table) = (Self::default(), JobTable::new()?);
        loop {
            let after = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
            let lines = store.results(batch, Page { after, limit: PAGE }).await?;
            if lines.is_empty() {
                let ended = tokio::task::spawn_blocking(move || jobs.ended(table));
                return ended.await.map_err(Error::Reader)?;
            }
            for view in lines.iter().map(|line| &line.view) {
                jobs.note(view);
                let RequestKeys { left_out, written_out } = RequestKeys::of(accounts, &view.job.spec);
                let (place, may_be_bought) = (view.line.as_ref().map(place_of), may_be_bought(&view.job));
                jobs.add(&mut table, JobEntry { id: view.job.id, left_out, written_out, place, may_be_bought })?;
            }
        }
    }

    /// Notes what is to be known of the next job beside its entry.
    fn note(&mut self, view: &JobView) {
        let job = &view.job;
        if job.submissions > 0 && job.status() == Status::Queued {
            self.queued_again.push((u32::try_from(self.len()).unwrap_or(u32::MAX), job.clone()));
        }
        if view.is_unreadable() {
            self.unread.insert(job.id);
        }
    }

    fn add(&mut self, table: &mut JobTable, job: JobEntry) -> Result<()> {
        table.add(&job)?;
        self.marks.push(Marks { is_listed: job.place.is_some(), may_be_bought: job.may_be_bought });
        Ok(())
    }

    /// Once all of them are there. Blocks.
    fn ended(mut self, mut table: JobTable) -> Result<Self> {
        if !self.is_empty() {
            table.index()?;
            self.table = Some(table);
        }
        Ok(self)
    }

    /// Whether the job's record could not be read, or is gone.
    pub(crate) fn is_unread(&self, id: JobId) -> bool {
        self.unread.contains(&id)
    }

    /// The jobs that a person had queued again, each with its number.
    pub(crate) fn queued_again(&self) -> &[(u32, Job)] {
        &self.queued_again
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    pub(crate) const fn len(&self) -> usize {
        self.marks.len()
    }

    pub(crate) fn may_be_bought(&self, index: u32) -> bool {
        self.marks.get(at(index)).is_some_and(|marks| marks.may_be_bought)
    }

    /// Whether a line of the present manifest asks for it.
    pub(crate) fn is_listed(&self, index: u32) -> bool {
        self.marks.get(at(index)).is_some_and(|marks| marks.is_listed)
    }

    /// The job's number.
    pub(crate) fn find(&self, id: JobId) -> Result<Option<u32>> {
        self.ask(|table| table.find(id))
    }

    pub(crate) fn id(&self, index: u32) -> Result<Option<JobId>> {
        self.ask(|table| table.id(index))
    }

    /// The next of the jobs with this key, behind `after`.
    pub(crate) fn next_with_key(
        &self,
        spelling: Spelling,
        key: RequestKey,
        after: Option<Rank>,
    ) -> Result<Option<Rank>> {
        self.ask(|table| table.next_with_key(spelling, key, after))
    }

    /// The job whose line stands in the same place.
    pub(crate) fn in_place_of(&self, line: &Line) -> Result<Option<u32>> {
        self.ask(|table| table.in_place(place_of(line)))
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&JobTable) -> std::result::Result<Option<T>, reelq_store_scratch::Error>,
    ) -> Result<Option<T>> {
        Ok(self.table.as_ref().map(question).transpose()?.flatten())
    }
}

/// A job's number as an index.
pub(crate) fn at(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
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

#[cfg(test)]
pub(crate) mod fixture {
    use super::*;

    /// Jobs by id, left-out key, written-out key, and whether they were bought.
    pub(crate) fn present(jobs: &[(JobId, RequestKey, RequestKey, bool)]) -> BatchJobs {
        let (mut all, mut table) = (BatchJobs::default(), JobTable::new().unwrap());
        for (number, (id, left_out, written_out, may_be_bought)) in (0..).zip(jobs) {
            let (left_out, written_out, may_be_bought) = (*left_out, *written_out, *may_be_bought);
            let entry = JobEntry { id: *id, left_out, written_out, place: Some(number), may_be_bought };
            all.add(&mut table, entry).unwrap();
        }
        all.ended(table).unwrap()
    }
}
