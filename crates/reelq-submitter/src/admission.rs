//! The breaker's part of a submission: a slot before the request leaves, and what its outcome says of the account.

use std::time::Duration;

use reelq_model::{Event, Job, JobId, Setback, SubmitOutcome, Timestamp, TroubleKind};
use reelq_store::{Ask, Breaker, Fault, Told, Verdict};
use reelq_worker::Admission;

use crate::{
    Submitter,
    outcome::{Attempt, Undecided, turned_away_for_good},
    submitter::MARGIN,
};

/// How much longer than a request takes whoever sends it may be silent.
const SILENCE: Duration = Duration::from_secs(10);
/// A row alone is at fault once it was turned away so often, for so long, while others got through.
const TURNED_AWAY: u32 = 10;
const TURNED_AWAY_FOR: Duration = Duration::from_hours(1);

/// The right to make one purchase.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BreakerSlot {
    job: JobId,
    number: u32,
    until: Option<Timestamp>,
    /// How many probes were in vain, where it is one.
    pub(crate) probes: Option<u32>,
}

impl Submitter {
    /// Asks the breaker for a slot; `None` where it gives none now.
    pub(crate) async fn acquire_slot(&self, job: JobId, number: u32, now: Timestamp) -> Option<BreakerSlot> {
        let lasts = self.parts.request_timeout.saturating_add(MARGIN).saturating_add(SILENCE);
        let ask = Ask { job, number, lasts };
        match self.breaker.admit(&ask, now).await {
            Admission::Free => Some(BreakerSlot { job, number, until: None, probes: None }),
            Admission::Until(until) => Some(BreakerSlot { job, number, until: Some(until), probes: None }),
            Admission::Probe { until, after } => {
                Some(BreakerSlot { job, number, until: Some(until), probes: Some(after) })
            }
            Admission::Refused => None,
        }
    }

    /// Whether the slot certainly outlasts a request.
    pub(crate) fn slot_outlasts_request(&self, slot: BreakerSlot, now: Timestamp) -> bool {
        slot.until.is_none_or(|until| now.after(self.parts.request_timeout.saturating_add(MARGIN)) <= until)
    }

    /// Nothing was sent: gives the slot back.
    pub(crate) async fn release_slot(&self, slot: BreakerSlot, now: Timestamp) {
        if slot.until.is_some() {
            self.record(slot, Verdict::Neither, now).await;
        }
    }

    /// Records what the outcome says of the account, and gives the slot back.
    pub(crate) async fn record(&self, slot: BreakerSlot, verdict: Verdict, now: Timestamp) -> Breaker {
        let outcome = Told { job: slot.job, number: slot.number, verdict };
        self.breaker.record(&outcome, now).await
    }

    /// A row that was turned away goes back; it ends only where it alone is, for long.
    pub(crate) fn turned_away(
        &self,
        job: &Job,
        breaker: &Breaker,
        attempt: Attempt,
        setback: Setback,
        now: Timestamp,
    ) -> Event {
        let alone = turned_away_alone(job, breaker, now).filter(|_| attempt == Attempt::First);
        if let Some((count, lasted)) = alone {
            return turned_away_for_good(count, lasted, &setback.reason);
        }
        let ours = self.undecided(setback.reason, job.setbacks);
        attempt.turned_away(Undecided { after: ours.after.max(setback.wait.unwrap_or_default()), ..ours })
    }
}

/// What an outcome says of the account.
pub(crate) fn verdict(outcome: &SubmitOutcome) -> Verdict {
    let (fault, setback) = match outcome {
        SubmitOutcome::Accepted(_) | SubmitOutcome::Rejected(_) => return Verdict::Good,
        SubmitOutcome::Throttled(_) | SubmitOutcome::Blocked { .. } => return Verdict::Neither,
        SubmitOutcome::Ambiguous(setback) => (Fault::Ambiguous, setback),
        SubmitOutcome::TurnedAway(setback) => (Fault::TurnedAway, setback),
        SubmitOutcome::NotSent(setback) => (Fault::NotSent, setback),
    };
    Verdict::Bad { fault, reason: setback.reason.clone(), wait: setback.wait }
}

/// How often, and for how long, the row alone was turned away, this time included; `None` while that may not be its fault.
fn turned_away_alone(job: &Job, breaker: &Breaker, now: Timestamp) -> Option<(u32, Duration)> {
    let troubles = job.troubles.as_ref().filter(|troubles| troubles.last.kind == TroubleKind::TurnedAway)?;
    let (count, lasted) = (troubles.count.saturating_add(1), now.since(troubles.since));
    let is_alone = breaker.others_get_through(job.id, troubles.since);
    (is_alone && count >= TURNED_AWAY && lasted >= TURNED_AWAY_FOR).then_some((count, lasted))
}
