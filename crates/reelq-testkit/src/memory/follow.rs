//! Tasks that stay with the worker that follows them.

use std::time::Duration;

use reelq_model::{AccountName, WorkerId};
use reelq_store::rules::{bounds, pauses};
use reelq_store::{ClaimStage, Error, Followed, PollTokens, Result};

use super::state::{Record, State};

impl State {
    pub(super) fn may_follow(&self, worker: &WorkerId) -> bool {
        self.follows.get(worker).is_some_and(|(until, _)| *until > self.now)
    }

    pub(super) fn keep_following(&mut self, worker: &WorkerId, lasts: Duration) -> Followed {
        self.workers.entry(worker.clone()).or_insert(self.now);
        let all_ended = !self.may_follow(worker);
        if all_ended {
            self.end_following(worker);
        }
        let until = bounds::time(self.now.after(lasts));
        let (kept, ended) = self.follows.entry(worker.clone()).or_default();
        *kept = (*kept).max(until);
        Followed { all_ended, ended: std::mem::take(ended).into_iter().collect() }
    }

    /// Takes back what a worker follows that was not heard in time.
    pub(super) fn end_following(&mut self, worker: &WorkerId) -> u64 {
        self.follows.remove(worker);
        let is_its_own = |record: &Record| record.stored().is_followed() && record.worker.as_ref() == Some(worker);
        self.take_back("its worker was not heard", is_its_own)
    }

    /// Notes that a change takes the job from the worker that follows its task, where one does.
    pub(super) fn note_taken(&mut self, record: &Record) {
        let follower = record.worker.as_ref().filter(|_| record.stored().is_followed());
        if let Some((_, ended)) = follower.and_then(|worker| self.follows.get_mut(worker)) {
            ended.insert(record.job.id, record.version);
        }
    }

    pub(super) fn poll_tokens(&mut self, name: &AccountName, most: usize) -> Result<PollTokens> {
        let Some(account) = self.accounts.get(name).filter(|_| most > 0) else { return Ok(PollTokens::default()) };
        let standing = account.pauses.iter().map(|(kind, pause)| (*kind, pause.clone()));
        let now = || Ok::<_, Error>(Some(Duration::ZERO));
        let held = pauses::held(ClaimStage::Poll, standing, self.now, now)?;
        if let Some(held) = held {
            return Ok(PollTokens { granted: 0, retry_in: held.retry_in });
        }
        let Some(limits) = account.limits else { return Ok(PollTokens { granted: most, retry_in: None }) };
        let Some(bucket) = limits.poll_bucket(account.poll_tat, self.now) else { return Ok(PollTokens::default()) };
        let granted = bucket.available().min(most);
        if let Some(tat) = bucket.to_keep(granted) {
            self.account(name).poll_tat = tat;
        }
        Ok(PollTokens { granted, retry_in: (granted < most).then(|| bucket.next_in(granted)) })
    }
}
