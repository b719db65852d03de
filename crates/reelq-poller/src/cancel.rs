//! Asks the provider to withdraw a task that is not wanted any more.

use reelq_model::{Event, JobId, Trouble, TroubleKind};
use reelq_provider::CancelOutcome;

use crate::{Poller, poll_context::PollContext, seen::Seen};

/// Jobs whose task was too far on to be withdrawn: they are not asked about again.
pub(crate) type TooLate = Seen<JobId>;

/// What a request to withdraw came to.
#[derive(Debug)]
pub(crate) enum Withdrawal {
    /// The provider withdrew the task.
    Done(Event),
    /// The task goes on and is polled as usual.
    None,
    /// Nothing was learned. It is asked again with the next poll, and the job says so meanwhile.
    Unclear(Trouble),
}

impl Poller {
    /// Asks once.
    pub(crate) async fn withdraw(&self, poll: PollContext<'_>) -> Withdrawal {
        let (provider, job) = (&self.parts.provider, poll.job.id);
        if !provider.capability().cancel || self.too_late.holds(&job) {
            return Withdrawal::None;
        }
        let Some(request) = provider.cancel(&poll.task.id) else { return Withdrawal::None };
        let outcome = match self.parts.exchange.call(&request).await {
            Ok(reply) => provider.cancelled(&poll.task.id, &reply),
            Err(setback) => CancelOutcome::Unclear(setback),
        };
        match outcome {
            // Its clip exists and is paid for: what is withdrawn now is not taken at its word before that time is over.
            CancelOutcome::Cancelled { settlement } => Withdrawal::Done(self.cancelled(poll, settlement)),
            CancelOutcome::TooLate => {
                tracing::info!(%job, "the task is too far on to be withdrawn; it is followed to its end");
                self.too_late.add(job);
                Withdrawal::None
            }
            CancelOutcome::Unclear(setback) => {
                tracing::info!(%job, reason = setback.reason, "the cancel request brought no answer");
                let reason = format!("the cancel request brought no answer: {}", setback.reason);
                Withdrawal::Unclear(Trouble::new(TroubleKind::Status, reason))
            }
        }
    }
}
