//! What one claim works with: the account, the batches it may take from, and the queries over their queues.

use std::time::Duration;

use reelq_model::Timestamp;
use reelq_store::Claim;
use rusqlite::params;

use super::{account::Account, claim_queue::QueueQuery, tx::Tx};
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
    /// Makes due jobs that waited for their time claimable: each is stepped over once.
    pub(super) fn promote(&self, sql: &str) -> Result<()> {
        self.tx.conn.prepare_cached(sql)?.execute(params![self.account.id, self.tx.now.millis()])?;
        Ok(())
    }

    /// Row numbers of a queue's jobs that are due, with those of the excepted batches: what is bought goes on.
    pub(super) fn due(&self, query: &QueueQuery, limit: usize) -> Result<Vec<i64>> {
        query.due(self, &[], limit)
    }

    /// The same without the excepted batches.
    pub(super) fn new_due(&self, query: &QueueQuery, limit: usize) -> Result<Vec<i64>> {
        query.due(self, &self.except, limit)
    }

    /// How long until a queue's next job is due, with those of the excepted batches.
    pub(super) fn next_due(&self, query: &QueueQuery) -> Result<Option<Duration>> {
        Ok(query.next(self, &[])?.map(|due| self.until(due)))
    }

    /// The same without the excepted batches.
    pub(super) fn next_new_due(&self, query: &QueueQuery) -> Result<Option<Duration>> {
        Ok(query.next(self, &self.except)?.map(|due| self.until(due)))
    }

    fn until(&self, due: i64) -> Duration {
        Timestamp::from_millis(due).since(self.tx.now)
    }
}
