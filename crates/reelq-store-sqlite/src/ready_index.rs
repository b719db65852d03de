//! The head of a batch's queue: its jobs that are ready, over all prices, by priority and age.

use std::{cmp::Reverse, collections::VecDeque};

use rusqlite::params;

use super::{claim::Desk, code, groups::Waiting};
use crate::error::Result;
use reelq_limits::remaining_budget::RemainingBudget;

pub(super) const GROUP: &str = "SELECT priority, seq FROM jobs WHERE account = ?1 AND batch = ?2 AND price = ?3 \
    AND queue = 1 ORDER BY priority DESC, seq LIMIT ?4";

/// The head of a batch's queue.
#[derive(Debug)]
pub(super) struct ReadyIndex {
    waiting: Waiting,
    /// Read when the batch has its first turn.
    jobs: Option<VecDeque<(Reverse<i64>, i64, i64)>>,
}

impl ReadyIndex {
    pub(super) const fn new(waiting: Waiting) -> Self {
        Self { waiting, jobs: None }
    }

    /// Takes the first job that the batch and the account can pay for.
    pub(super) fn take(&mut self, desk: &Desk<'_>, remaining_budget: &mut RemainingBudget) -> Result<Option<i64>> {
        if self.jobs.is_none() {
            self.jobs = Some(self.read(desk, remaining_budget)?);
        }
        while let Some((_, seq, price)) = self.jobs.as_mut().and_then(VecDeque::pop_front) {
            if self.waiting.budget.take(remaining_budget, price) {
                return Ok(Some(seq));
            }
        }
        Ok(None)
    }

    /// As many of each price as the claim asks for: any of them may be the first ones.
    fn read(
        &mut self,
        desk: &Desk<'_>,
        remaining_budget: &RemainingBudget,
    ) -> Result<VecDeque<(Reverse<i64>, i64, i64)>> {
        let mut jobs = Vec::new();
        let mut statement = desk.tx.conn.prepare_cached(GROUP)?;
        for price in std::mem::take(&mut self.waiting.prices) {
            if self.waiting.budget.passes(remaining_budget, price) {
                let key = params![desk.account.id, self.waiting.batch, price, code::limit(desk.claim.limit)];
                let found = statement.query_map(key, |row| Ok((Reverse(row.get(0)?), row.get(1)?, price)))?;
                jobs.extend(found.collect::<rusqlite::Result<Vec<_>>>()?);
            }
        }
        jobs.sort_unstable();
        Ok(jobs.into())
    }

    /// Only the account's daily budget held some of its jobs back.
    pub(super) const fn is_held_by_day(&self) -> bool {
        self.waiting.budget.is_held_by_day()
    }
}
