//! Claims of jobs to submit: in turns between batches, and as far as there is money for them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, VecDeque},
};

use reelq_limits::{
    fair_queue::FairQueue,
    remaining_budget::{BatchBudget, RemainingBudget},
    token_bucket::TokenBucket,
};
use reelq_model::{AccountName, BatchName, JobId};
use reelq_store::{
    Claim, Claimed, HeldBatch,
    rules::{bounds, queue::Queue},
    stride,
};

use super::{
    batch::Batch,
    state::State,
    views::{Sums, count},
};

/// A batch that may be worked on, and what of it is ready.
struct Waiting<'a> {
    batch: &'a Batch,
    budget: BatchBudget,
    jobs: VecDeque<ReadyJob>,
}

/// In this order: the highest priority first, then age; then its price.
type ReadyJob = (Reverse<i32>, i64, JobId, i64);

/// New jobs to submit.
#[derive(Debug, Default)]
struct Ready {
    jobs: Vec<JobId>,
    /// Only the account's daily budget kept more from being taken.
    is_held_by_day: bool,
}

impl State {
    /// Submissions whose fate is open, then new ones.
    pub(super) fn claim_submissions(&mut self, claim: &Claim) -> Claimed {
        let account = self.account(&claim.account);
        let (Some(limits), pace, tat) = (account.limits, account.pace.value.clone(), account.submit_tat) else {
            return Claimed::default();
        };
        let rate = pace.requests_per_second(&limits);
        let Some(bucket) = TokenBucket::new(rate, limits.burst.get(), tat, self.now) else { return Claimed::default() };
        let sums = self.account_sums(&claim.account);
        let cap = u64::from(pace.max_in_flight(&limits).get());
        let room = usize::try_from(cap.saturating_sub(count(sums.account.in_flight))).unwrap_or(usize::MAX);
        let tokens = bucket.available().min(claim.limit);
        let mut jobs = self.first(claim, Queue::Replay, tokens, |record| record.due);
        let ready = self.take_turns(claim, &sums, (tokens - jobs.len()).min(room));
        jobs.extend(ready.jobs);
        let (leases, given) = (self.give(claim, &jobs), jobs.len());
        if given > 0 {
            let account = self.account(&claim.account);
            (account.submit_tat, account.tokens) = (bucket.take(given), account.tokens + given as u64);
        }
        if given == claim.limit {
            return Claimed { leases, ..Claimed::default() };
        }
        let token = bucket.next_in(given);
        let queues: &[Queue] = if claim.only_open { &[Queue::Replay] } else { &[Queue::Replay, Queue::Waiting] };
        let due = self.next_due(claim, queues).map(|due| due.max(token));
        let lacks_tokens = given == tokens && room > given && !claim.only_open;
        let is_more_ready = lacks_tokens && self.queue(claim, Queue::Ready).next().is_some();
        let retry_in = due.into_iter().chain(is_more_ready.then_some(token)).min();
        let day_ends = ready.is_held_by_day.then(|| self.now.day_end().since(self.now));
        let until_day_ends = day_ends.is_some() && retry_in.is_none();
        let retry_in = retry_in.into_iter().chain(day_ends).min();
        Claimed { leases, retry_in, until_day_ends, ..Claimed::default() }
    }

    /// Takes jobs in turns from the batches that may be worked on.
    fn take_turns(&mut self, claim: &Claim, sums: &Sums, most: usize) -> Ready {
        let mut ready = Ready::default();
        let account = self.accounts.get(&claim.account);
        let Some(account) = account.filter(|_| most > 0 && !claim.only_open) else { return ready };
        let (mut account_budget, mut turns) = (self.remaining(&claim.account, sums), FairQueue::at(account.turn));
        let mut waiting = self.waiting(&claim.account, |batch| {
            claim.batch.as_ref().is_none_or(|only| only == batch) && !claim.except.contains(batch)
        });
        for Waiting { batch, .. } in waiting.values() {
            turns.add(batch.serial, account.passes.get(&batch.serial).copied(), stride(batch.draft.priority));
        }
        while ready.jobs.len() < most
            && let Some(batch) = turns.next().and_then(|serial| waiting.get_mut(&serial))
        {
            match batch.jobs.pop_front() {
                Some((.., job, price)) if batch.budget.take(&mut account_budget, price) => {
                    ready.jobs.push(job);
                    turns.served();
                }
                Some(_) => {}
                None => {
                    ready.is_held_by_day |= batch.budget.is_held_by_day();
                    turns.passed_over();
                }
            }
        }
        let account = self.account(&claim.account);
        account.turn = turns.time();
        account.passes.extend(turns.moved());
        ready
    }

    /// What the account's budgets have left.
    fn remaining(&self, name: &AccountName, sums: &Sums) -> RemainingBudget {
        let limits = self.accounts.get(name).and_then(|account| account.limits.as_ref());
        RemainingBudget::new(limits, sums.account.spent, sums.spent_today, sums.set_aside())
    }

    /// The batches of an account that may be worked on and have jobs ready, by age.
    fn waiting(&self, account: &AccountName, which: impl Fn(&BatchName) -> bool) -> BTreeMap<i64, Waiting<'_>> {
        let mut ready: BTreeMap<&BatchName, Vec<ReadyJob>> = BTreeMap::new();
        for record in self.jobs.values().filter(|record| record.queue(self.now) == Queue::Ready) {
            let job = &record.job;
            if job.spec.account == *account && which(&job.batch) {
                let entry = (Reverse(job.priority), record.serial, job.id, bounds::price(job.price));
                ready.entry(&job.batch).or_default().push(entry);
            }
        }
        let waiting = ready.into_iter().filter_map(|(name, mut jobs)| {
            let is_open = |batch: &&Batch| batch.whole && !batch.paused && !batch.cancelling;
            let batch = self.batches.get(name).filter(is_open)?;
            let budget = BatchBudget::new(batch.draft.budget.map(bounds::cap), self.batch_sums(name).used());
            jobs.sort_unstable();
            Some((batch.serial, Waiting { batch, budget, jobs: jobs.into() }))
        });
        waiting.collect()
    }

    /// The batches that wait for the account's money.
    pub(super) fn held(&self, account: &AccountName, sums: &Sums) -> Vec<HeldBatch> {
        let budget = self.remaining(account, sums);
        let waiting = self.waiting(account, |_| budget.is_bounded());
        let held = waiting.into_values().filter_map(|waiting| {
            let prices = waiting.jobs.iter().map(|(.., price)| *price);
            let prices: Vec<_> = prices.filter(|price| waiting.budget.covers(*price)).collect();
            let (by, until) = budget.held_by(&prices, self.now).filter(|_| !prices.is_empty())?;
            Some(HeldBatch { batch: waiting.batch.draft.name.clone(), by, until })
        });
        held.collect()
    }
}
