//! A submission that an earlier worker left without an answer: asked for again only where that certainly buys nothing new.

use std::{sync::Arc, time::Duration};

use reelq_model::{Event, Job, Stage, Submission, Timestamp};
use reelq_worker::{Finish, JobContext};

use crate::{
    Submitter,
    outcome::Attempt,
    request::{Built, Unbuilt},
};

/// The longest wait before a submission is sent again, whatever the provider asks for.
const WAIT_MAX: Duration = Duration::from_mins(15);
/// Half of what is left of a key's time counts down to here: so late, a wait may outlast it.
const WAIT_MIN: Duration = Duration::from_secs(10);

/// Why a submission is not sent again.
#[derive(Debug)]
enum Irreplayable {
    /// It never will be.
    Never(String),
    /// It cannot be built just now.
    Now(String),
}

impl Submitter {
    /// A submission that was left without an answer: asked again under its key, or left to a person.
    pub(crate) async fn replay(&self, context: &mut dyn JobContext, submission: &Submission) -> Finish {
        let (job, begun) = (Arc::clone(context.job()), context.now());
        let built = match self.replayable(context.now(), &job, submission).await {
            Ok(built) => built,
            Err(Irreplayable::Never(reason)) => {
                self.breaker.record_lost(job.id, submission.number).await;
                return self.unresolved(context, reason, None).await;
            }
            Err(Irreplayable::Now(reason)) => {
                return Finish::Event(Attempt::Replay.not_sent(self.undecided(reason, job.setbacks)));
            }
        };
        self.wait_for_turn().await;
        let Some(slot) = self.acquire_slot(job.id, submission.number, context.now()).await else {
            return Finish::GiveBack;
        };
        if !self.lease_outlasts_request(context) {
            self.release_slot(slot, context.now()).await;
            return Finish::GiveBack;
        }
        let outcome = self.send(submission.number, &built.request).await;
        self.conclude(context, slot, Attempt::Replay, begun, outcome).await
    }

    /// The event, with a wait before a replay that ends well before the provider forgets the key: a wish of the provider's
    /// must not leave the row to a person.
    pub(crate) fn bounded_replay(&self, event: Event, job: &Job, now: Timestamp) -> Event {
        let Event::Replay { reason, after, candidate } = event else { return event };
        let age = match &job.stage {
            Stage::Submitting { submission } => now.since(submission.at),
            _ => Duration::ZERO,
        };
        let kept = self.window().map_or(WAIT_MAX, |window| window.saturating_sub(self.margin(window)));
        let most = (kept.saturating_sub(age) / 2).clamp(WAIT_MIN, WAIT_MAX);
        Event::Replay { reason, after: after.min(most), candidate }
    }

    /// The end of a key's time is not waited for: the provider may count from when it got the request, by a clock of its own.
    fn margin(&self, window: Duration) -> Duration {
        (window / 10).min(Duration::from_mins(10)).saturating_add(self.parts.request_timeout)
    }

    /// The request to send again, where that certainly buys nothing new.
    async fn replayable(&self, now: Timestamp, job: &Job, submission: &Submission) -> Result<Built, Irreplayable> {
        let never = |reason: &str| Err(Irreplayable::Never(reason.to_owned()));
        let Some(window) = self.window() else {
            return never("a request may have been taken, and the account uses no idempotency keys");
        };
        if submission.mark != self.parts.exchange.fingerprint(job.id) {
            return never("a request may have been taken, and the account's key or address is another one now");
        }
        let margin = self.margin(window);
        if now.since(submission.at) >= window.saturating_sub(margin) {
            return never("a request may have been taken, and the provider no longer remembers its key");
        }
        if submission.at.since(now) > margin {
            return never("a request may have been taken, and the clock was set back, so that its age is not known");
        }
        match self.build(job, &submission.key).await {
            Ok(built) if built.body == submission.body => Ok(built),
            Ok(_) => never("a request may have been taken, and this version would send another body under its key"),
            Err(Unbuilt::Row(failure)) => never(&format!("a request may have been taken, and now {failure}")),
            Err(Unbuilt::Images(error)) => Err(Irreplayable::Now(format!("the row's images cannot be read: {error}"))),
        }
    }
}
