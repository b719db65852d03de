//! The head of a batch's queue: its jobs that are ready, over all prices, by priority and age.

use std::{cmp::Reverse, collections::VecDeque};

use rusqlite::params;

use super::{claim_scope::ClaimScope, code, groups::Waiting};
use crate::error::Result;
use reelq_limits::remaining_budget::RemainingBudget;

pub(super) const GROUP: &str = "SELECT priority, seq FROM jobs WHERE account = ?1 AND batch = ?2 AND price = ?3 \
    AND queue = 1 ORDER BY priority DESC, seq LIMIT ?4";

/// A job's place in its batch's queue: the highest priority first, then age.
type Place = (Reverse<i64>, i64);

/// The head of a batch's queue.
#[derive(Debug)]
pub(super) struct ReadyIndex {
    waiting: Waiting,
    /// With their prices. Read when the batch has its first turn.
    jobs: Option<VecDeque<(Place, i64)>>,
}

impl ReadyIndex {
    pub(super) const fn new(waiting: Waiting) -> Self {
        Self { waiting, jobs: None }
    }

    /// Takes the first job that the batch and the account can pay for.
    pub(super) fn take(
        &mut self,
        scope: &ClaimScope<'_>,
        remaining_budget: &mut RemainingBudget,
    ) -> Result<Option<i64>> {
        if self.jobs.is_none() {
            self.jobs = Some(self.read(scope, remaining_budget)?);
        }
        let Self { waiting, jobs } = self;
        let found = jobs.as_mut().and_then(|jobs| waiting.budget.take_first(remaining_budget, jobs));
        Ok(found.map(|(_, seq)| seq))
    }

    /// As many of each price as the claim asks for: any of them may be the first ones.
    fn read(&mut self, scope: &ClaimScope<'_>, remaining_budget: &RemainingBudget) -> Result<VecDeque<(Place, i64)>> {
        let mut jobs = Vec::new();
        let mut statement = scope.tx.conn.prepare_cached(GROUP)?;
        for price in std::mem::take(&mut self.waiting.prices) {
            if self.waiting.budget.passes(remaining_budget, price) {
                let key = params![scope.account.id, self.waiting.batch, price, code::limit(scope.claim.limit)];
                let found = statement.query_map(key, |row| Ok(((Reverse(row.get(0)?), row.get(1)?), price)))?;
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
