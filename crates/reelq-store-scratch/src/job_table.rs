//! The jobs of a batch, by each question that a line of a manifest asks.

use std::sync::{Mutex, PoisonError};

use reelq_model::{JobId, RequestKey};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};

use crate::file::{self, Result};

const TABLE: &str = "CREATE TABLE jobs (number INTEGER PRIMARY KEY, id BLOB NOT NULL, left_out BLOB NOT NULL, \
    written_out BLOB NOT NULL, place INTEGER, unbought INTEGER NOT NULL)";
/// Of the jobs with one key, what was bought comes first.
const INDICES: &str = "CREATE INDEX by_id ON jobs (id); CREATE INDEX by_left_out ON jobs (left_out, unbought, number); \
    CREATE INDEX by_written_out ON jobs (written_out, unbought, number); CREATE INDEX by_place ON jobs (place, number)";
const INSERT: &str =
    "INSERT INTO jobs (number, id, left_out, written_out, place, unbought) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const NEXT_LEFT_OUT: &str =
    "SELECT number FROM jobs WHERE left_out = ?1 AND unbought = ?2 AND number > ?3 ORDER BY number LIMIT 1";
const NEXT_WRITTEN_OUT: &str =
    "SELECT number FROM jobs WHERE written_out = ?1 AND unbought = ?2 AND number > ?3 ORDER BY number LIMIT 1";

/// One job.
#[derive(Debug, Clone, Copy)]
pub struct JobEntry {
    /// Its id.
    pub id: JobId,
    /// Its request with documented defaults left out.
    pub left_out: RequestKey,
    /// Its request with documented defaults written out.
    pub written_out: RequestKey,
    /// Digest of its line's place; nothing where no line asks for it.
    pub place: Option<u64>,
    /// Whether it was, or may have been, bought.
    pub may_be_bought: bool,
}

/// Which of a request's two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// With documented defaults left out.
    LeftOut,
    /// With documented defaults written out.
    WrittenOut,
}

/// Where a job stands among those with one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank {
    unbought: bool,
    /// The job's number.
    pub number: u32,
}

/// Jobs by number, from 0 on in the order in which they came.
#[derive(Debug)]
pub struct JobTable {
    file: Mutex<Connection>,
    jobs: u32,
}

impl JobTable {
    /// Of no job.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn new() -> Result<Self> {
        Ok(Self { file: Mutex::new(file::open(TABLE)?), jobs: 0 })
    }

    /// Adds a job under the next number.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(&mut self, job: &JobEntry) -> Result<()> {
        let file = self.file.get_mut().unwrap_or_else(PoisonError::into_inner);
        file.prepare_cached(INSERT)?.execute(params![
            self.jobs,
            job.id.as_bytes(),
            job.left_out.as_bytes(),
            job.written_out.as_bytes(),
            job.place.map(u64::cast_signed),
            !job.may_be_bought
        ])?;
        self.jobs = self.jobs.saturating_add(1);
        Ok(())
    }

    /// Makes questions quick: to be done once all jobs are there. Blocks for seconds where they are a million.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn index(&mut self) -> Result<()> {
        Ok(self.file.get_mut().unwrap_or_else(PoisonError::into_inner).execute_batch(INDICES)?)
    }

    /// The number of the job with this id.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn find(&self, id: JobId) -> Result<Option<u32>> {
        self.ask("SELECT number FROM jobs WHERE id = ?1", params![id.as_bytes()], |row| row.get(0))
    }

    /// The id of the job with this number.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn id(&self, number: u32) -> Result<Option<JobId>> {
        let read = |row: &Row<'_>| row.get(0).map(JobId::from_bytes);
        self.ask("SELECT id FROM jobs WHERE number = ?1", params![number], read)
    }

    /// The next of the jobs with this key, behind `after`: what was bought first, and of these the first lines.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_with_key(&self, spelling: Spelling, key: RequestKey, after: Option<Rank>) -> Result<Option<Rank>> {
        let sql = match spelling {
            Spelling::LeftOut => NEXT_LEFT_OUT,
            Spelling::WrittenOut => NEXT_WRITTEN_OUT,
        };
        // Numbers begin at 0, which stands behind nothing.
        let (unbought, behind) = after.map_or((false, -1), |after| (after.unbought, i64::from(after.number)));
        let first = self.next_of(sql, key, unbought, behind)?;
        if first.is_some() || unbought { Ok(first) } else { self.next_of(sql, key, true, -1) }
    }

    fn next_of(&self, sql: &str, key: RequestKey, unbought: bool, behind: i64) -> Result<Option<Rank>> {
        let read = |row: &Row<'_>| Ok(Rank { unbought, number: row.get(0)? });
        self.ask(sql, params![key.as_bytes(), unbought, behind], read)
    }

    /// The first job whose line stands in this place.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn in_place(&self, place: u64) -> Result<Option<u32>> {
        let sql = "SELECT number FROM jobs WHERE place = ?1 ORDER BY number LIMIT 1";
        self.ask(sql, params![place.cast_signed()], |row| row.get(0))
    }

    fn ask<T>(
        &self,
        sql: &str,
        values: &[&dyn ToSql],
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = file.prepare_cached(sql)?;
        Ok(statement.query_row(values, read).optional()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn key(byte: u8) -> RequestKey {
        RequestKey::from_bytes([byte; 16])
    }

    #[test]
    fn of_jobs_with_one_key_the_bought_ones_come_first_and_then_the_others_in_their_order() {
        let mut table = JobTable::new().unwrap();
        for (number, bought) in [(0, false), (1, true), (2, false), (3, true)] {
            let id = JobId::from_bytes([number; 16]);
            let place = (number > 1).then_some(u64::MAX);
            table
                .add(&JobEntry { id, left_out: key(1), written_out: key(number), place, may_be_bought: bought })
                .unwrap();
        }
        table.index().unwrap();
        let (mut after, mut numbers) = (None, Vec::new());
        while let Some(place) = table.next_with_key(Spelling::LeftOut, key(1), after).unwrap() {
            numbers.push(place.number);
            after = Some(place);
        }
        assert_eq!(numbers, [1, 3, 0, 2]);
        let written_out = table.next_with_key(Spelling::WrittenOut, key(2), None).unwrap().unwrap();
        assert_eq!((written_out.number, table.next_with_key(Spelling::LeftOut, key(2), None).unwrap()), (2, None));
        assert_eq!((table.in_place(u64::MAX).unwrap(), table.in_place(7).unwrap()), (Some(2), None));
        let third = JobId::from_bytes([3; 16]);
        assert_eq!(
            (table.find(third).unwrap(), table.id(3).unwrap(), table.id(4).unwrap()),
            (Some(3), Some(third), None)
        );
    }
}
