//! What one claim works with: the account, the batches it may take from, and the queries over their queues.

use std::{borrow::Cow, time::Duration};

use reelq_model::Timestamp;
use reelq_store::Claim;
use rusqlite::{OptionalExtension as _, params};

use super::{account::Account, code, tx::Tx};
use crate::error::Result;

/// What a claim works with.
pub(super) struct ClaimScope<'a> {
    pub tx: &'a Tx<'a>,
    pub claim: &'a Claim,
    pub account: Account,
    /// The batch that it is narrowed to.
    pub batch: Option<i64>,
    /// The batches of which nothing new is taken.
    pub except: Vec<i64>,
}

impl ClaimScope<'_> {
    /// Makes due jobs that waited for their time claimable.
    pub(super) fn promote(&self, sql: &str) -> Result<()> {
        self.tx.conn.prepare_cached(sql)?.execute(params![self.account.id, self.tx.now.millis()])?;
        Ok(())
    }

    /// The query without the batches of which nothing new is taken: they are few, and usually none.
    pub(super) fn without_except<'s>(&self, sql: &'s str) -> Cow<'s, str> {
        if self.except.is_empty() {
            return Cow::Borrowed(sql);
        }
        let ids: Vec<String> = self.except.iter().map(i64::to_string).collect();
        Cow::Owned(sql.replacen(" ORDER BY", &format!(" AND batch NOT IN ({}) ORDER BY", ids.join(", ")), 1))
    }

    /// Row numbers by one of the queues' queries.
    pub(super) fn rows(&self, sql: &str, limit: usize) -> Result<Vec<i64>> {
        let mut statement = self.tx.conn.prepare_cached(sql)?;
        let params = params![self.account.id, self.tx.now.millis(), self.batch, code::limit(limit)];
        Ok(statement.query_map(params, |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
    }

    /// How long until the next job of a queue is due.
    pub(super) fn next_due(&self, sql: &str) -> Result<Option<Duration>> {
        let mut statement = self.tx.conn.prepare_cached(sql)?;
        let due: Option<i64> =
            statement.query_row(params![self.account.id, self.batch], |row| row.get(0)).optional()?;
        Ok(due.map(|due| Timestamp::from_millis(due).since(self.tx.now)))
    }
}
