//! Claims: due jobs are leased as far as pauses, tokens, caps and budgets allow.

use std::time::Duration;

use reelq_limits::token_bucket::{TokenBucket, polls_burst};
use reelq_model::JobId;
use reelq_store::{
    Claim, ClaimStage, Claimed, Lease,
    rules::{pauses, queue::Queue},
};

use super::{record::Record, state::State};

impl State {
    pub(super) fn claim(&mut self, claim: &Claim) -> Claimed {
        self.end_lapsed();
        let account = self.accounts.get(&claim.account);
        if claim.stage == ClaimStage::Submit && account.is_none_or(|account| account.limits.is_none()) {
            return Claimed { limits_missing: true, ..Claimed::default() };
        }
        let Some(account) = account.filter(|_| claim.limit > 0) else { return Claimed::default() };
        let standing = account.pauses(self.now);
        let holding: Vec<_> =
            standing.filter_map(|(kind, pause)| pauses::holding(claim.stage, kind, pause.clone(), self.now)).collect();
        if !holding.is_empty() {
            // Where there is nothing to ask about, no one waits for the end of the pause.
            let waits = claim.stage != ClaimStage::Poll || self.next_due(claim, &[Queue::Poll]).is_some();
            let retry_in = pauses::last_end(holding).filter(|_| waits).map(|end| end.since(self.now));
            return Claimed { retry_in, ..Claimed::default() };
        }
        match claim.stage {
            ClaimStage::Submit => self.claim_submissions(claim),
            ClaimStage::Poll => self.claim_polls(claim),
            ClaimStage::Collect => self.claim_fetches(claim),
        }
    }

    /// The jobs of a queue that the claim may have.
    pub(super) fn queue(&self, claim: &Claim, queue: Queue) -> impl Iterator<Item = &Record> {
        let goes_on = matches!(queue, Queue::Replay | Queue::Poll);
        self.jobs.values().filter(move |record| {
            let job = &record.job;
            record.queue(self.now) == queue
                && job.spec.account == claim.account
                && claim.batch.as_ref().is_none_or(|batch| *batch == job.batch)
                && (goes_on || !claim.except.contains(&job.batch))
        })
    }

    /// The first due jobs of a queue in an order.
    pub(super) fn first<K: Ord>(
        &self,
        claim: &Claim,
        queue: Queue,
        most: usize,
        order: impl Fn(&Record) -> K,
    ) -> Vec<JobId> {
        let is_due = |record: &&Record| record.due.is_some_and(|due| due <= self.now);
        let mut records: Vec<_> = self.queue(claim, queue).filter(is_due).collect();
        records.sort_by_key(|record| order(record));
        records.into_iter().take(most).map(|record| record.job.id).collect()
    }

    /// How long until the next job of these queues is due.
    pub(super) fn next_due(&self, claim: &Claim, queues: &[Queue]) -> Option<Duration> {
        let records = queues.iter().flat_map(|queue| self.queue(claim, *queue));
        records.filter_map(|record| record.due).min().map(|due| due.since(self.now))
    }

    /// Leases jobs.
    pub(super) fn give(&mut self, claim: &Claim, jobs: &[JobId]) -> Vec<Lease> {
        if !jobs.is_empty() {
            self.workers.entry(claim.worker.clone()).or_insert(self.now);
        }
        for job in jobs {
            if let Some(record) = self.jobs.get_mut(job) {
                record.version += 1;
                (record.worker, record.lease_until) = (Some(claim.worker.clone()), Some(self.now.after(claim.lease)));
            }
        }
        let given = jobs.iter().filter_map(|job| self.jobs.get(job));
        given.map(|record| self.lease(record, &claim.worker, claim.lease)).collect()
    }

    /// The most overdue first.
    fn claim_polls(&mut self, claim: &Claim) -> Claimed {
        let account = self.account(&claim.account);
        let (rate, tat) = (account.limits.map(|limits| limits.polls_per_second), account.poll_tat);
        let bucket = rate.map(|rate| TokenBucket::new(rate, polls_burst(rate), tat, self.now));
        if matches!(bucket, Some(None)) {
            return Claimed::default();
        }
        let bucket = bucket.flatten();
        let tokens = bucket.map_or(claim.limit, |bucket| bucket.available().min(claim.limit));
        let leases = self.give(claim, &self.first(claim, Queue::Poll, tokens, |record| record.due));
        if let Some(bucket) = bucket.filter(|_| !leases.is_empty()) {
            self.account(&claim.account).poll_tat = bucket.take(leases.len());
        }
        let due = if leases.len() == claim.limit { None } else { self.next_due(claim, &[Queue::Poll]) };
        let token = bucket.map_or(Duration::ZERO, |bucket| bucket.next_in(leases.len()));
        Claimed { retry_in: due.map(|due| due.max(token)), leases, ..Claimed::default() }
    }

    /// The earliest link deadline first.
    fn claim_fetches(&mut self, claim: &Claim) -> Claimed {
        let order = |record: &Record| {
            let deadline = record.job.link_deadline();
            (deadline.is_none(), deadline, record.serial)
        };
        let leases = self.give(claim, &self.first(claim, Queue::Fetch, claim.limit, order));
        let retry_in = if leases.len() == claim.limit { None } else { self.next_due(claim, &[Queue::FetchLater]) };
        Claimed { leases, retry_in, ..Claimed::default() }
    }
}
