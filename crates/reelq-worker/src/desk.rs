//! The desk at which a handler works: one job under one lease.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_model::{Event, Job, Timestamp};
use reelq_store::{Commit, Committed};

use crate::{Desk, LeaseLost, Stopper, committer::Committer, held::Held};

#[derive(Debug)]
pub(crate) struct LeasedDesk {
    held: Arc<Held>,
    job: Arc<Job>,
    committer: Committer,
    stopper: Stopper,
}

impl LeasedDesk {
    pub(crate) fn new(held: Arc<Held>, committer: Committer, stopper: Stopper) -> Self {
        let job = held.job();
        Self { held, job, committer, stopper }
    }
}

#[async_trait]
impl Desk for LeasedDesk {
    fn job(&self) -> &Arc<Job> {
        &self.job
    }

    fn cancel_requested(&self) -> bool {
        self.held.cancel_requested()
    }

    fn time_left(&self) -> Duration {
        self.held.time_left()
    }

    fn now(&self) -> Timestamp {
        self.held.now()
    }

    async fn step(&mut self, event: Event) -> Result<(), LeaseLost> {
        // A purchase that has not begun when the runtime stops is not begun any more.
        if matches!(event, Event::Sending { .. }) && self.stopper.is_stopping() {
            self.held.refuse();
            return Err(LeaseLost);
        }
        let commit = Commit { lease: self.held.lease(), event, keep: true };
        let answer = self.committer.commit(commit).await.ok_or(LeaseLost)?;
        match answer.committed {
            Committed::Done(Some(lease)) => {
                self.job = Arc::clone(&lease.job);
                self.held.renew(lease, answer.asked);
                Ok(())
            }
            Committed::Done(None) | Committed::Stale => Err(LeaseLost),
            Committed::Illegal(error) => {
                tracing::error!(job = %self.job.id, %error, "a step cannot happen to the job; it is parked");
                Err(LeaseLost)
            }
        }
    }
}
