//! The jobs that a batch has already, by id, by what they ask for, and by their place in its manifest.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
};

use reelq_model::{BatchName, Job, JobId, JobSpec, RequestKey, Status};
use reelq_provider::{Catalogue, Identity};
use reelq_store::{JobView, Line, Page, Store};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};

use crate::{
    Accounts, Error,
    error::Result,
    scratch::{self, failed},
};

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

const TABLE: &str = "CREATE TABLE jobs (number INTEGER PRIMARY KEY, id BLOB NOT NULL, left_out BLOB NOT NULL, \
    written_out BLOB NOT NULL, place INTEGER, unbought INTEGER NOT NULL)";
/// Of the jobs with one key, what was bought comes first.
const INDICES: &str = "CREATE INDEX by_id ON jobs (id); CREATE INDEX by_left_out ON jobs (left_out, unbought, number); \
    CREATE INDEX by_written_out ON jobs (written_out, unbought, number); CREATE INDEX by_place ON jobs (place, number)";
const INSERT: &str =
    "INSERT INTO jobs (number, id, left_out, written_out, place, unbought) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// One job of the batch.
#[derive(Debug, Clone, Copy)]
struct JobEntry {
    id: JobId,
    keys: RequestKeys,
    /// Digest of its line's place: its label where it has one, else its number; nothing where no line asks for it.
    place: Option<u64>,
    may_be_bought: bool,
}

/// What memory holds of each job.
#[derive(Debug, Clone, Copy)]
struct Marks {
    is_listed: bool,
    may_be_bought: bool,
}

/// Where a job stands among those with one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    unbought: bool,
    pub(crate) index: u32,
}

/// The jobs of a batch as a plan found them. They lie in a private file: memory holds two bytes of each.
#[derive(Debug, Default)]
pub(crate) struct BatchJobs {
    /// In the order of their lines; bought ones whose line is gone behind them.
    marks: Vec<Marks>,
    /// Nothing where there is no job.
    table: Option<Mutex<Connection>>,
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
        let (mut jobs, table) = (Self::default(), scratch::open(TABLE)?);
        loop {
            let after = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
            let lines = store.results(batch, Page { after, limit: PAGE }).await?;
            if lines.is_empty() {
                let ended = tokio::task::spawn_blocking(move || jobs.ended(table));
                return ended.await.map_err(Error::Reader)?;
            }
            for view in lines.iter().map(|line| &line.view) {
                jobs.note(view);
                let entry = JobEntry {
                    id: view.job.id,
                    keys: RequestKeys::of(accounts, &view.job.spec),
                    place: view.line.as_ref().map(place_of),
                    may_be_bought: may_be_bought(&view.job),
                };
                jobs.add(&table, entry)?;
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

    fn add(&mut self, table: &Connection, job: JobEntry) -> Result<()> {
        let (number, place) = (u32::try_from(self.len()).unwrap_or(u32::MAX), job.place.map(u64::cast_signed));
        let values = params![
            number,
            job.id.as_bytes(),
            job.keys.left_out.as_bytes(),
            job.keys.written_out.as_bytes(),
            place,
            !job.may_be_bought
        ];
        let insert = || table.prepare_cached(INSERT)?.execute(values);
        insert().map_err(failed)?;
        self.marks.push(Marks { is_listed: job.place.is_some(), may_be_bought: job.may_be_bought });
        Ok(())
    }

    /// Once all of them are there.
    fn ended(mut self, table: Connection) -> Result<Self> {
        if !self.is_empty() {
            table.execute_batch(INDICES).map_err(failed)?;
            self.table = Some(Mutex::new(table));
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
        self.ask("SELECT number FROM jobs WHERE id = ?1", params![id.as_bytes()], |row| row.get(0))
    }

    pub(crate) fn id(&self, index: u32) -> Result<Option<JobId>> {
        let read = |row: &Row<'_>| row.get(0).map(JobId::from_bytes);
        self.ask("SELECT id FROM jobs WHERE number = ?1", params![index], read)
    }

    /// The next of the jobs with this key, behind `after`: what was bought first, and of these the first lines.
    pub(crate) fn next_with_key(
        &self,
        spelling: Spelling,
        key: RequestKey,
        after: Option<Place>,
    ) -> Result<Option<Place>> {
        let sql = match spelling {
            Spelling::LeftOut => NEXT_LEFT_OUT,
            Spelling::WrittenOut => NEXT_WRITTEN_OUT,
        };
        let begin = Place { unbought: false, index: 0 };
        // Numbers begin at 0, which stands behind nothing.
        let (of, behind) = after.map_or((begin, -1), |after| (after, i64::from(after.index)));
        let first = self.next_of(sql, key, of.unbought, behind)?;
        if first.is_some() || of.unbought { Ok(first) } else { self.next_of(sql, key, true, -1) }
    }

    fn next_of(&self, sql: &str, key: RequestKey, unbought: bool, behind: i64) -> Result<Option<Place>> {
        let read = |row: &Row<'_>| Ok(Place { unbought, index: row.get(0)? });
        self.ask(sql, params![key.as_bytes(), unbought, behind], read)
    }

    /// The job whose line stands in the same place.
    pub(crate) fn in_place_of(&self, line: &Line) -> Result<Option<u32>> {
        let sql = "SELECT number FROM jobs WHERE place = ?1 ORDER BY number LIMIT 1";
        self.ask(sql, params![place_of(line).cast_signed()], |row| row.get(0))
    }

    fn ask<T>(
        &self,
        sql: &str,
        values: &[&dyn ToSql],
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let Some(table) = &self.table else { return Ok(None) };
        let table = table.lock().unwrap_or_else(PoisonError::into_inner);
        let found = || table.prepare_cached(sql)?.query_row(values, read).optional();
        found().map_err(failed)
    }
}

const NEXT_LEFT_OUT: &str =
    "SELECT number FROM jobs WHERE left_out = ?1 AND unbought = ?2 AND number > ?3 ORDER BY number LIMIT 1";
const NEXT_WRITTEN_OUT: &str =
    "SELECT number FROM jobs WHERE written_out = ?1 AND unbought = ?2 AND number > ?3 ORDER BY number LIMIT 1";

/// Which of a request's two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Spelling {
    LeftOut,
    WrittenOut,
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
        let (mut all, table) = (BatchJobs::default(), scratch::open(TABLE).unwrap());
        for (number, (id, left_out, written_out, may_be_bought)) in (0..).zip(jobs) {
            let keys = RequestKeys { left_out: *left_out, written_out: *written_out };
            let entry = JobEntry { id: *id, keys, place: Some(number), may_be_bought: *may_be_bought };
            all.add(&table, entry).unwrap();
        }
        all.ended(table).unwrap()
    }
}
