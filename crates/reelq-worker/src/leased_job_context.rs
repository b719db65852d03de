//! The context in which a handler works: one job under one lease.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_model::{Event, Job, Timestamp};
use reelq_store::{Commit, Committed, Line};

use crate::{JobContext, LeaseLost, Stopper, committer::Committer, leased_job::LeasedJob};

#[derive(Debug)]
pub(crate) struct LeasedJobContext {
    leased: Arc<LeasedJob>,
    job: Arc<Job>,
    committer: Committer,
    stopper: Stopper,
}

impl LeasedJobContext {
    pub(crate) fn new(leased: Arc<LeasedJob>, committer: Committer, stopper: Stopper) -> Self {
        let job = leased.job();
        Self { leased, job, committer, stopper }
    }
}

#[async_trait]
impl JobContext for LeasedJobContext {
    fn job(&self) -> &Arc<Job> {
        &self.job
    }

    fn line(&self) -> Option<Arc<Line>> {
        self.leased.lease().line
    }

    fn cancel_requested(&self) -> bool {
        self.leased.cancel_requested()
    }

    fn time_left(&self) -> Duration {
        self.leased.time_left()
    }

    fn now(&self) -> Timestamp {
        self.leased.now()
    }

    async fn step(&mut self, event: Event) -> Result<(), LeaseLost> {
        // A purchase that has not begun when the runtime stops is not begun any more.
        if matches!(event, Event::Sending { .. }) && self.stopper.is_stopping() {
            self.leased.refuse();
            return Err(LeaseLost);
        }
        let commit = Commit { lease: self.leased.lease(), event, keep: true };
        let answer = self.committer.commit(commit).await.ok_or(LeaseLost)?;
        match answer.committed {
            Committed::Done(Some(lease)) => {
                self.job = Arc::clone(&lease.job);
                self.leased.renew(lease, answer.asked);
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
