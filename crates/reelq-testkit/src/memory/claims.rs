//! Claims: due jobs are leased as far as pauses, tokens, caps and budgets allow.
//! Jobs to submit are taken in turns between batches.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use reelq_limits::fair_queue::FairQueue;
use reelq_limits::remaining_budget::{BatchBudget, RemainingBudget};
use reelq_limits::token_bucket::TokenBucket;
use reelq_model::{AccountName, BatchName, JobId, Timestamp};
use reelq_store::rules::{bounds, next_work::NextWork, pauses, queue::Queue};
use reelq_store::{AccountLimits, BatchRecord, Claim, ClaimStage, Claimed, HeldBatch, Lease, Result, stride};

use super::state::{Batch, Record, State};

/// A batch that may be worked on, and what of it is ready.
struct Waiting<'a> {
    batch: &'a Batch,
    budget: BatchBudget,
    /// With their prices.
    jobs: VecDeque<(Place, i64)>,
}

/// A job's place in its batch's queue: the highest priority first, then age.
type Place = (Reverse<i32>, i64, JobId);

impl State {
    pub(super) fn claim(&mut self, claim: &Claim) -> Result<Claimed> {
        self.end_lapsed();
        let account = self.accounts.get(&claim.account);
        let limits = account.and_then(|account| account.limits);
        if claim.stage == ClaimStage::Submit && limits.is_none() {
            return Ok(Claimed { limits_missing: true, ..Claimed::default() });
        }
        let Some(account) = account.filter(|_| claim.limit > 0) else { return Ok(Claimed::default()) };
        let pauses = account.pauses.iter().map(|(kind, pause)| (*kind, pause.clone()));
        let next_poll = || Ok(self.next_due(claim, &[Queue::Poll]));
        if let Some(held) = pauses::held(claim.stage, pauses, self.now, next_poll)? {
            return Ok(held);
        }
        let poll_bucket = limits.and_then(|limits| limits.poll_bucket(account.poll_tat, self.now));
        match (claim.stage, limits) {
            (ClaimStage::Submit, Some(limits)) => self.claim_submissions(claim, &limits),
            (ClaimStage::Poll, Some(_)) if poll_bucket.is_none() => Ok(Claimed::default()),
            (ClaimStage::Poll, _) => Ok(self.claim_due(claim, [Queue::Poll; 2], poll_bucket)),
            _ => Ok(self.claim_due(claim, [Queue::Fetch, Queue::FetchLater], None)),
        }
    }

    fn in_queue(&self, account: &AccountName, queue: Queue) -> impl Iterator<Item = &Record> {
        let of_account = self.jobs.values().filter(move |record| record.job.spec.account == *account);
        of_account.filter(move |record| Queue::of(&record.stored(), self.now) == queue)
    }

    /// The jobs of a queue that the claim may have.
    fn queue(&self, claim: &Claim, queue: Queue) -> impl Iterator<Item = &Record> {
        let goes_on = matches!(queue, Queue::Replay | Queue::Poll | Queue::Followed);
        self.in_queue(&claim.account, queue).filter(move |Record { job, .. }| {
            let is_meant = claim.batch.as_ref().is_none_or(|batch| *batch == job.batch);
            is_meant && (goes_on || !claim.except.contains(&job.batch))
        })
    }

    /// The first due jobs of a queue: the earliest link deadline first, otherwise the most overdue.
    fn first(&self, claim: &Claim, queue: Queue, most: usize) -> Vec<JobId> {
        let is_due = |record: &&Record| record.due.is_some_and(|due| due <= self.now);
        let mut records: Vec<_> = self.queue(claim, queue).filter(is_due).collect();
        records.sort_by_key(|record| {
            let (deadline, due) = (record.job.link_deadline(), record.due.filter(|_| queue != Queue::Fetch));
            (deadline.is_none(), deadline, due, record.serial)
        });
        records.into_iter().take(most).map(|record| record.job.id).collect()
    }

    /// How long until the next job of these queues is due.
    fn next_due(&self, claim: &Claim, queues: &[Queue]) -> Option<Duration> {
        let records = queues.iter().flat_map(|queue| self.queue(claim, *queue));
        let dues = records.filter_map(|record| record.due);
        let lapses = if queues.contains(&Queue::Poll) { self.next_lapse(claim) } else { None };
        dues.chain(lapses).min().map(|due| due.since(self.now))
    }

    /// When a task that the claim may have may be taken from its follower, where any has one.
    fn next_lapse(&self, claim: &Claim) -> Option<Timestamp> {
        let followers = self.queue(claim, Queue::Followed).filter_map(|record| record.worker.as_ref());
        followers.filter_map(|worker| self.follows.get(worker)).map(|(until, _)| *until).min()
    }

    /// Leases jobs.
    fn give(&mut self, claim: &Claim, jobs: &[JobId]) -> Vec<Lease> {
        let (now, until) = (self.now, Some(self.now.after(claim.lease)));
        if !jobs.is_empty() {
            self.workers.entry(claim.worker.clone()).or_insert(now);
        }
        let mut leases = Vec::new();
        for job in jobs {
            if let Some(record) = self.jobs.get_mut(job) {
                record.version += 1;
                (record.worker, record.lease_until) = (Some(claim.worker.clone()), until);
                let given = record.clone();
                leases.push(self.lease(&given, &claim.worker, now, claim.lease));
            }
        }
        leases
    }

    /// What is due in a queue, and the queue where more waits for its time.
    fn claim_due(&mut self, claim: &Claim, [queue, later]: [Queue; 2], bucket: Option<TokenBucket>) -> Claimed {
        let tokens = bucket.map_or(claim.limit, |bucket| bucket.available().min(claim.limit));
        let leases = self.give(claim, &self.first(claim, queue, tokens));
        if let Some(tat) = bucket.and_then(|bucket| bucket.to_keep(leases.len())) {
            self.account(&claim.account).poll_tat = tat;
        }
        let (due, token) = (self.next_due(claim, &[later]), bucket.map(|bucket| bucket.next_in(leases.len())));
        NextWork { due, token, ..NextWork::default() }.claimed(leases, claim.limit)
    }

    /// Submissions whose fate is open, then new ones.
    fn claim_submissions(&mut self, claim: &Claim, limits: &AccountLimits) -> Result<Claimed> {
        let (now, balance) = (self.now, self.account_balance(&claim.account));
        let account = self.account(&claim.account);
        let pace = &account.pace.pace;
        let Some(bucket) = limits.submit_bucket(pace, account.submit_tat, now) else { return Ok(Claimed::default()) };
        let (tokens, room) = (bucket.available().min(claim.limit), limits.room(pace, balance.sums.in_flight));
        let mut jobs = self.first(claim, Queue::Replay, tokens);
        let (new, is_held_by_day) =
            self.take_turns(claim, balance.remaining(Some(limits)), (tokens - jobs.len()).min(room))?;
        jobs.extend(new);
        let (leases, given) = (self.give(claim, &jobs), jobs.len());
        if let Some(tat) = bucket.to_keep(given) {
            let account = self.account(&claim.account);
            account.submit_tat = tat;
            account.pace.usage.tokens += given as u64;
        }
        let queues: &[Queue] = if claim.only_open { &[Queue::Replay] } else { &[Queue::Replay, Queue::Waiting] };
        let lacks_token = given == tokens && room > given && !claim.only_open;
        let next = NextWork {
            due: self.next_due(claim, queues),
            token: Some(bucket.next_in(given)),
            lacks_token: lacks_token && self.queue(claim, Queue::Ready).next().is_some(),
            day_ends: is_held_by_day.then(|| now.day_end().since(now)),
        };
        Ok(next.claimed(leases, claim.limit))
    }

    /// Takes new jobs in turns, and whether only the account's daily budget kept more from being taken.
    fn take_turns(&mut self, claim: &Claim, mut money: RemainingBudget, most: usize) -> Result<(Vec<JobId>, bool)> {
        let account = self.accounts.get(&claim.account);
        let Some(account) = account.filter(|_| most > 0 && !claim.only_open) else { return Ok((Vec::new(), false)) };
        let mut turns = FairQueue::at(account.turn);
        let mut waiting = self.waiting(self.queue(claim, Queue::Ready));
        for (serial, Waiting { batch, .. }) in &waiting {
            turns.add(*serial, account.passes.get(serial).copied(), stride(batch.record.draft.priority));
        }
        let mut is_held_by_day = false;
        let jobs = turns.take(most, |serial| {
            let Some(Waiting { budget, jobs, .. }) = waiting.get_mut(&serial) else { return Ok(None) };
            let found = budget.take_first(&mut money, jobs);
            is_held_by_day |= found.is_none() && budget.is_held_by_day();
            Ok(found.map(|(.., job)| job))
        })?;
        let account = self.account(&claim.account);
        account.turn = turns.time();
        account.passes.extend(turns.moved());
        Ok((jobs, is_held_by_day))
    }

    /// The batches that may be worked on and have some of these jobs ready, by age.
    fn waiting<'a>(&'a self, records: impl Iterator<Item = &'a Record>) -> BTreeMap<i64, Waiting<'a>> {
        let mut ready: BTreeMap<&BatchName, Vec<(Place, i64)>> = BTreeMap::new();
        for Record { job, serial, .. } in records {
            let place = (Reverse(job.priority), *serial, job.id);
            ready.entry(&job.batch).or_default().push((place, bounds::price(job.price)));
        }
        let waiting = ready.into_iter().filter_map(|(name, mut jobs)| {
            let is_open = |record: &BatchRecord| record.whole && !record.paused && !record.cancelling;
            let batch = self.batches.get(name).filter(|batch| is_open(&batch.record))?;
            let budget =
                BatchBudget::new(batch.record.draft.budget.map(bounds::cap), self.batch_sums(name).batch.used());
            jobs.sort_unstable();
            Some((batch.serial, Waiting { batch, budget, jobs: jobs.into() }))
        });
        waiting.collect()
    }

    /// The batches that wait for the account's money.
    pub(super) fn held(&self, account: &AccountName, money: &RemainingBudget) -> Vec<HeldBatch> {
        let waiting = self.waiting(self.in_queue(account, Queue::Ready).filter(|_| money.is_bounded()));
        let held = waiting.into_values().filter_map(|Waiting { batch, budget, jobs }| {
            let (by, until) = budget.held_by(money, jobs.iter().map(|(_, price)| *price), self.now)?;
            Some(HeldBatch { batch: batch.record.draft.name.clone(), by, until })
        });
        held.collect()
    }
}
