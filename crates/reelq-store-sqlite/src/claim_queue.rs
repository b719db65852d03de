//! The queries of claims over the queues, each over all batches of an account and narrowed to one, with an index for either.
//! One statement for both would step over the jobs of all other batches.

use rusqlite::{Connection, OptionalExtension as _, ToSql, params};

use super::{claim_scope::ClaimScope, code};
use crate::error::Result;

/// A query over a queue.
#[derive(Debug)]
pub(super) struct QueueQuery {
    all: &'static str,
    one: &'static str,
    /// The next batch that has any job there.
    batch: &'static str,
}

/// The query by the queue's condition, by that of its index by batch, and by what follows.
macro_rules! query {
    ($columns:literal, $queue:literal, $of_batch:literal, $rest:literal) => {
        QueueQuery {
            all: concat!("SELECT ", $columns, " FROM jobs WHERE account = ?1 AND ", $queue, $rest),
            one: concat!("SELECT ", $columns, " FROM jobs WHERE account = ?1 AND batch = ?2 AND ", $of_batch, $rest),
            batch: concat!(
                "SELECT batch FROM jobs WHERE account = ?1 AND batch > ?2 AND ",
                $of_batch,
                " ORDER BY batch LIMIT 1"
            ),
        }
    };
}

pub(super) const POLLS: QueueQuery =
    query!("due, seq", "queue = 4", "queue = 4", " AND due <= ?3 ORDER BY due, seq LIMIT ?4");
pub(super) const NEXT_POLL: QueueQuery = query!("due", "queue = 4", "queue = 4", " ORDER BY due LIMIT 1");
pub(super) const REPLAYS: QueueQuery =
    query!("due, seq", "queue = 3", "queue IN (2, 3, 6) AND queue = 3", " AND due <= ?3 ORDER BY due, seq LIMIT ?4");
pub(super) const NEXT_REPLAY: QueueQuery =
    query!("due", "queue = 3", "queue IN (2, 3, 6) AND queue = 3", " ORDER BY due LIMIT 1");
pub(super) const NEXT_WAITING: QueueQuery =
    query!("due", "queue = 2", "queue IN (2, 3, 6) AND queue = 2", " ORDER BY due LIMIT 1");
pub(super) const FETCHES: QueueQuery = query!(
    "coalesce(deadline, 9223372036854775807), seq",
    "queue = 5",
    "queue = 5",
    " AND due <= ?3 ORDER BY coalesce(deadline, 9223372036854775807), seq LIMIT ?4"
);
pub(super) const NEXT_FETCH: QueueQuery =
    query!("due", "queue = 6", "queue IN (2, 3, 6) AND queue = 6", " ORDER BY due LIMIT 1");

/// A job's place in its queue, and its row number.
type Place = (i64, i64);

impl QueueQuery {
    /// The first jobs that are due, of the batches that the claim may take from.
    pub(super) fn due(&self, scope: &ClaimScope<'_>, except: &[i64], limit: usize) -> Result<Vec<i64>> {
        let (conn, account) = (scope.tx.conn, scope.account.id);
        let read = |sql: &str, batch: i64| -> Result<Vec<Place>> {
            let mut statement = conn.prepare_cached(sql)?;
            let key = params![account, batch, scope.tx.now.millis(), code::limit(limit)];
            Ok(statement.query_map(key, |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
        };
        let places = match (scope.batch, except) {
            (Some(batch), _) => read(self.one, batch)?,
            (None, []) => read(self.all, 0)?,
            (None, _) => {
                let mut found = Vec::new();
                for batch in self.batches(conn, account, except)? {
                    found.extend(read(self.one, batch)?);
                }
                found.sort_unstable();
                found.truncate(limit);
                found
            }
        };
        Ok(places.into_iter().map(|(_, seq)| seq).collect())
    }

    /// When the next job is due, of the batches that the claim may take from.
    pub(super) fn next(&self, scope: &ClaimScope<'_>, except: &[i64]) -> Result<Option<i64>> {
        let (conn, account) = (scope.tx.conn, scope.account.id);
        match (scope.batch, except) {
            (Some(batch), _) => first(conn, self.one, params![account, batch]),
            (None, []) => first(conn, self.all, params![account]),
            (None, _) => {
                let dues = self.batches(conn, account, except)?.into_iter();
                let dues = dues.map(|batch| first(conn, self.one, params![account, batch]));
                Ok(dues.collect::<Result<Vec<_>>>()?.into_iter().flatten().min())
            }
        }
    }

    /// The batches that have any job there, but for `except`: by skipping through the index, not by reading their jobs.
    fn batches(&self, conn: &Connection, account: i64, except: &[i64]) -> Result<Vec<i64>> {
        let (mut found, mut after) = (Vec::new(), i64::MIN);
        while let Some(batch) = first(conn, self.batch, params![account, after])? {
            found.extend(Some(batch).filter(|batch| !except.contains(batch)));
            after = batch;
        }
        Ok(found)
    }
}

fn first(conn: &Connection, sql: &str, key: &[&dyn ToSql]) -> Result<Option<i64>> {
    Ok(conn.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()?)
}
