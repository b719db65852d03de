//! The submission protocol. A request leaves only after its intent is durable, and only while the lease outlasts its time-out.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_model::{Event, Job, Resolution, Stage, Submission, SubmitOutcome, TaskId, Timestamp};
use reelq_provider::Request;
use reelq_store::ClaimStage;
use reelq_worker::{
    AccountPauser, Backoff, CircuitBreaker, Finish, Handler, JobContext, RateController, SharedRng, other_provider,
    warn_of_unbelievable_cost,
};

use crate::{
    OnUnconfirmed, SubmitterParts,
    admission::{BreakerSlot, verdict},
    outcome::{Attempt, Undecided},
    purchase_log::log_purchase,
    request::{self, Built, Unbuilt},
    spacing::Spacing,
};

/// Submits the jobs of one account.
pub struct Submitter {
    pub(crate) parts: SubmitterParts,
    pub(crate) spacing: Spacing,
    pub(crate) rate: RateController,
    pub(crate) breaker: CircuitBreaker,
    pauser: AccountPauser,
}

/// Delays after requests that brought no decision.
const BACKOFF: Backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_mins(2) };
/// How much longer than the time-out a lease must last: the time to notice the time-out and to begin the commit.
pub(crate) const MARGIN: Duration = Duration::from_secs(2);
/// When a job of another provider than the account's is looked at again.
const OTHER_PROVIDER: Duration = Duration::from_mins(1);
/// How long a closed gate holds a job back before it is looked at again.
const GATE_CLOSED: Duration = Duration::from_secs(5);

impl fmt::Debug for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitter").field("account", &self.parts.account).finish_non_exhaustive()
    }
}

#[async_trait]
impl Handler for Submitter {
    fn stage(&self) -> ClaimStage {
        ClaimStage::Submit
    }

    fn needs(&self) -> Duration {
        self.parts.request_timeout.saturating_add(MARGIN)
    }

    async fn handle(&self, context: &mut dyn JobContext) -> Finish {
        if let Some(reason) = other_provider(context.job(), self.parts.provider.name()) {
            return left_alone(context.job(), reason);
        }
        match context.job().stage.clone() {
            Stage::Ready => self.submit(context).await,
            Stage::Submitting { submission } => self.replay(context, &submission).await,
            _ => Finish::GiveBack,
        }
    }
}

/// A job of another provider than the account's is left alone: the account was given another one.
fn left_alone(job: &Job, reason: String) -> Finish {
    let undecided = Undecided { reason, after: OTHER_PROVIDER };
    match &job.stage {
        Stage::Ready => Finish::Event(Attempt::First.not_sent(undecided)),
        Stage::Submitting { .. } => Finish::Event(Attempt::Replay.not_sent(undecided)),
        _ => Finish::GiveBack,
    }
}

impl Submitter {
    /// A submitter for one account.
    pub fn new(parts: SubmitterParts) -> Self {
        let limits = parts.settings.limits();
        let rng = SharedRng::seeded(parts.seed);
        let pauser = AccountPauser::new(parts.account.clone(), Arc::clone(&parts.store), rng);
        let spacing = Spacing::new(Arc::clone(&parts.clock), limits.burst);
        let rate =
            RateController::new(parts.account.clone(), Arc::clone(&parts.store), limits, Arc::clone(&parts.clock));
        let policy = parts.settings.breaker_policy(parts.provider.capability());
        let (account, store) = (parts.account.clone(), Arc::clone(&parts.store));
        let breaker = CircuitBreaker::new(account, store, policy, SharedRng::seeded(pauser.rng.seed()));
        Self { parts, spacing, rate, breaker, pauser }
    }

    /// The submission's first request.
    async fn submit(&self, context: &mut dyn JobContext) -> Finish {
        let (job, begun) = (Arc::clone(context.job()), context.now());
        let key = job.next_key();
        let Built { request, body } = match self.build(&job, &key).await {
            Ok(built) => built,
            Err(Unbuilt::Row(failure)) => return Finish::Event(Event::Rejected { failure }),
            Err(Unbuilt::Images(error)) => {
                let reason = format!("the row's images cannot be read: {error}");
                return Finish::Event(Attempt::First.not_sent(self.undecided(reason, job.setbacks)));
            }
        };
        if let Some(reason) = self.output_place_error(&job).await {
            return Finish::Event(Attempt::First.not_sent(Undecided { reason, after: GATE_CLOSED }));
        }
        self.wait_for_turn().await;
        let Some(slot) = self.acquire_slot(job.id, job.next_submission(), context.now()).await else {
            return Finish::GiveBack;
        };
        if let Some(down) = self.probes_for_free(slot).await {
            self.record(slot, down, context.now()).await;
            return Finish::GiveBack;
        }
        if let Some(held_back) = self.held_back(context) {
            self.release_slot(slot, context.now()).await;
            return held_back;
        }
        let mark = self.parts.exchange.fingerprint(job.id);
        let submission = Submission { number: job.next_submission(), key, body, at: context.now(), mark };
        let number = submission.number;
        if context.step(Event::Sending { submission }).await.is_err() {
            self.release_slot(slot, context.now()).await;
            return Finish::Lost;
        }
        if !self.lease_outlasts_request(context) || !self.slot_outlasts_request(slot, context.now()) {
            self.release_slot(slot, context.now()).await;
            let reason = "the lease no longer outlasts a request".to_owned();
            return Finish::Event(Event::NotSent { reason, after: Duration::ZERO });
        }
        let outcome = self.send(number, &request).await;
        self.conclude(context, slot, Attempt::First, begun, outcome).await
    }

    pub(crate) async fn build(&self, job: &Job, key: &reelq_model::IdempotencyKey) -> Result<Built, Unbuilt> {
        let key = self.window().map(|_| key);
        request::build(self.parts.provider.as_ref(), self.parts.images.as_ref(), job, key).await
    }

    /// How long the provider remembers keys; `None` where none are sent.
    pub(crate) fn window(&self) -> Option<Duration> {
        self.parts.settings.window(self.parts.provider.capability())
    }

    /// Why the job's output could not be put anywhere; `None` where it could.
    async fn output_place_error(&self, job: &Job) -> Option<String> {
        self.parts.output_check.as_ref()?.check(&job.batch).await.err()
    }

    /// Why nothing is begun for a ready job now.
    fn held_back(&self, context: &dyn JobContext) -> Option<Finish> {
        if context.cancel_requested() {
            return Some(Finish::Event(Event::Cancelled { settlement: None }));
        }
        if let Some(reason) = self.parts.submission_gate.refusal(&self.parts.account, &context.job().batch) {
            return Some(Finish::Event(Event::Throttled { reason, after: GATE_CLOSED }));
        }
        (!self.lease_outlasts_request(context)).then_some(Finish::GiveBack)
    }

    pub(crate) fn lease_outlasts_request(&self, context: &dyn JobContext) -> bool {
        context.time_left() > self.needs()
    }

    /// Waits until this process may send another request; what is known of the account's pace is kept fresh on the way.
    pub(crate) async fn wait_for_turn(&self) {
        self.rate.refresh().await;
        self.spacing.turn(self.rate.requests_per_second()).await;
    }

    pub(crate) async fn send(&self, number: u32, request: &Request) -> SubmitOutcome {
        self.parts.metrics.submitted();
        self.parts.exchange.submit(self.parts.provider.as_ref(), number, request).await
    }

    /// Turns a request's outcome into what it means for the job, and records what it means for the account. The
    /// request was begun at `begun`.
    pub(crate) async fn conclude(
        &self,
        context: &mut dyn JobContext,
        slot: BreakerSlot,
        attempt: Attempt,
        begun: Timestamp,
        outcome: SubmitOutcome,
    ) -> Finish {
        if let SubmitOutcome::Ambiguous(_) = &outcome {
            self.rate.server_failed().await;
        }
        if let SubmitOutcome::Accepted(_) | SubmitOutcome::Rejected(_) = &outcome {
            self.pauser.went_through(begun);
        }
        let breaker = self.record(slot, verdict(&outcome), context.now()).await;
        let (job, setbacks) = (Arc::clone(context.job()), context.job().setbacks);
        let event = match outcome {
            SubmitOutcome::Accepted(acceptance) => {
                warn_of_unbelievable_cost(&job, acceptance.cost);
                log_purchase(&job, &acceptance);
                Event::Accepted { acceptance, first_poll: (self.parts.first_poll)(&job.spec) }
            }
            SubmitOutcome::Rejected(failure) if attempt == Attempt::Replay => {
                let reason = format!("a request may have been taken, and the one after it was refused: {failure}");
                return self.unresolved(context, reason, None).await;
            }
            SubmitOutcome::Rejected(failure) => Event::Rejected { failure },
            SubmitOutcome::TurnedAway(setback) => self.turned_away(&job, &breaker, attempt, setback, context.now()),
            SubmitOutcome::NotSent(setback) => attempt.not_sent(self.undecided(setback.reason, setbacks)),
            SubmitOutcome::Throttled(setback) => {
                let wait = self.pauser.throttled_for(setback.wait, begun, context.now());
                tokio::join!(self.pauser.throttled(wait), self.rate.throttled(setback.limit, begun, wait));
                let after = self.pauser.job_wait(setbacks);
                attempt.throttled(Undecided { reason: setback.reason, after })
            }
            SubmitOutcome::Blocked { reason, message } => {
                self.pauser.blocked(reason, &message).await;
                let reason = format!("the provider refuses the account ({}): {message}", reason.as_str());
                attempt.throttled(Undecided { reason, after: Duration::from_secs(1) })
            }
            SubmitOutcome::Ambiguous(setback) if self.window().is_some() && !setback.in_vain => {
                let (ours, candidate) = (self.undecided(setback.reason, setbacks), setback.candidate);
                Event::Replay {
                    after: ours.after.max(setback.wait.unwrap_or_default()),
                    reason: ours.reason,
                    candidate,
                }
            }
            SubmitOutcome::Ambiguous(setback) => {
                return self.unresolved(context, setback.reason, setback.candidate).await;
            }
        };
        Finish::Event(self.bounded_replay(event, &job, context.now()))
    }

    /// Leaves an unknown fate to a person, unless the user accepted to buy again.
    pub(crate) async fn unresolved(
        &self,
        context: &mut dyn JobContext,
        reason: String,
        candidate: Option<TaskId>,
    ) -> Finish {
        let settings = &self.parts.settings;
        let again = settings.on_unconfirmed == OnUnconfirmed::Resubmit && context.job().submissions < settings.retries;
        if !again {
            return Finish::Event(Event::Unresolved { reason, candidate });
        }
        // Both go into the history, so that it shows what was risked and who decided it.
        match context.step(Event::Unresolved { reason, candidate }).await {
            Ok(()) => Finish::Event(Event::Resolved { resolution: Resolution::Resubmit }),
            Err(_) => Finish::Lost,
        }
    }

    pub(crate) fn undecided(&self, reason: String, setbacks: u32) -> Undecided {
        Undecided { reason, after: BACKOFF.full_jitter(setbacks, &self.pauser.rng) }
    }
}
