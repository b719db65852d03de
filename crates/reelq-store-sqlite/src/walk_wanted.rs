//! What a filter means in the file's own numbers, and which stretches of the index hold it.

use reelq_model::{AccountName, BatchName, FailureKind, Status};
use reelq_store::{Cursor, JobFilter};
use rusqlite::{
    Connection, OptionalExtension as _,
    types::{Value, ValueRef},
};

use super::code;
use crate::error::Result;

/// What a filter means.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub filter: &'a JobFilter,
    batch: Option<i64>,
    account: Option<i64>,
    /// Any where there are none.
    statuses: Vec<i64>,
}

const NEXT_STATUS: &str = "SELECT status FROM jobs WHERE batch = ?1 AND status > ?2 ORDER BY status LIMIT 1";
const NEXT_ACCOUNT: &str =
    "SELECT account FROM jobs WHERE batch = ?1 AND status = ?2 AND account > ?3 ORDER BY account LIMIT 1";

impl<'a> Wanted<'a> {
    /// `None` where the filter means no job that there could be.
    pub(super) fn of(conn: &Connection, filter: &'a JobFilter) -> Result<Option<Self>> {
        let id = |sql: &str, name: Option<&str>| -> Result<Option<Option<i64>>> {
            let Some(name) = name else { return Ok(Some(None)) };
            Ok(conn.prepare_cached(sql)?.query_row([name], |row| row.get(0)).optional()?.map(Some))
        };
        let batch = filter.batch.as_ref().map(BatchName::as_str);
        let account = filter.account.as_ref().map(AccountName::as_str);
        let Some(batch) = id("SELECT id FROM batches WHERE name = ?1", batch)? else { return Ok(None) };
        let Some(account) = id("SELECT id FROM accounts WHERE name = ?1", account)? else { return Ok(None) };
        let Some(statuses) = statuses(filter) else { return Ok(None) };
        let statuses = statuses.iter().map(|status| code::status(*status)).collect();
        Ok(Some(Self { filter, batch, account, statuses }))
    }

    /// The cursor, or the beginning of the next batch that there is; `None` behind the last.
    pub(super) fn batch_from(&self, conn: &Connection, from: Cursor) -> Result<Option<Cursor>> {
        let found = match self.batch {
            Some(own) => Some(own).filter(|own| from.batch <= *own),
            None => conn
                .prepare_cached("SELECT id FROM batches WHERE id >= ?1 ORDER BY id LIMIT 1")?
                .query_row([from.batch], |row| row.get(0))
                .optional()?,
        };
        let begin = |batch| if batch == from.batch { from } else { Cursor { batch, ..Cursor::default() } };
        Ok(found.map(begin))
    }

    /// The pairs of status and account of a batch that are wanted: each is a stretch of the index.
    pub(super) fn groups(&self, conn: &Connection, batch: i64) -> Result<Vec<(Value, Value)>> {
        let mut groups = Vec::new();
        for status in self.statuses(conn, batch)? {
            let accounts = match self.account {
                Some(account) => vec![Value::Integer(account)],
                None => all(conn, NEXT_ACCOUNT, &[Value::Integer(batch), status.clone()])?,
            };
            groups.extend(accounts.into_iter().map(|account| (status.clone(), account)));
        }
        Ok(groups)
    }

    fn statuses(&self, conn: &Connection, batch: i64) -> Result<Vec<Value>> {
        if self.statuses.is_empty() {
            return all(conn, NEXT_STATUS, &[Value::Integer(batch)]);
        }
        Ok(self.statuses.iter().map(|status| Value::Integer(*status)).collect())
    }

    /// Whether a job is wanted by its batch, status, account and failure.
    pub(super) fn passes(&self, row: &rusqlite::Row<'_>) -> Result<bool> {
        let is = |column: &str, wanted: &[i64]| -> Result<bool> {
            Ok(wanted.is_empty() || matches!(row.get_ref(column)?, ValueRef::Integer(found) if wanted.contains(&found)))
        };
        Ok(is("batch", self.batch.as_slice())?
            && is("status", &self.statuses)?
            && is("account", self.account.as_slice())?
            && self.fails_so(row.get_ref("failure")?))
    }

    /// Whether a job is wanted that failed so.
    pub(super) fn fails_so(&self, failure: ValueRef<'_>) -> bool {
        let kinds = &self.filter.failures;
        let is = |kind: &FailureKind| failure.as_bytes().is_ok_and(|found| found == kind.as_str().as_bytes());
        kinds.is_empty() || kinds.iter().any(is)
    }
}

/// Only failed jobs have a kind of failure.
fn statuses(filter: &JobFilter) -> Option<Vec<Status>> {
    if filter.failures.is_empty() {
        let mut statuses = filter.statuses.clone();
        statuses.sort_unstable();
        statuses.dedup();
        return Some(statuses);
    }
    let failed = filter.statuses.is_empty() || filter.statuses.contains(&Status::Failed);
    failed.then(|| vec![Status::Failed])
}

/// All values of a column, one after the other: each is found by a seek behind the last.
fn all(conn: &Connection, next: &str, of: &[Value]) -> Result<Vec<Value>> {
    let (mut statement, mut found) = (conn.prepare_cached(next)?, Vec::new());
    let mut after = Value::Integer(i64::MIN);
    loop {
        let key = rusqlite::params_from_iter(of.iter().chain([&after]));
        let Some(value) = statement.query_row(key, |row| row.get::<_, Value>(0)).optional()? else { return Ok(found) };
        found.push(value.clone());
        after = value;
    }
}
