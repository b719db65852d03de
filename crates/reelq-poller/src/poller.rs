//! Polls one task once, and says when to poll it again.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_model::{AccountName, Event, JobId, RemoteTask, Stage, Trouble, TroubleKind};
use reelq_provider::{PollOutcome, Provider};
use reelq_store::{ClaimStage, SharedStore};
use reelq_worker::{AccountMetrics, AccountPauser, Exchange, Finish, Handler, JobContext, SharedRng, other_provider};

use crate::{
    PollSchedule, PollSettings,
    cancel::{TooLate, Withdrawal},
    poll_context::PollContext,
    refusal::Refusals,
    seen::Seen,
};

/// What a poller is made of.
pub struct PollerParts {
    /// The account.
    pub account: AccountName,
    /// Its provider.
    pub provider: Arc<dyn Provider>,
    /// Its HTTP.
    pub exchange: Arc<dyn Exchange>,
    /// Where pauses are shared with the other workers.
    pub store: SharedStore,
    /// Counts the requests.
    pub metrics: Arc<AccountMetrics>,
    /// How the account's tasks are followed.
    pub settings: PollSettings,
    /// How often a job is bought again after failures that were not charged.
    pub retries: u32,
    /// When to poll; shared with the submitter, which asks for the time of the first poll.
    pub schedule: Arc<PollSchedule>,
    /// Seeds the delays.
    pub seed: u64,
}

impl fmt::Debug for PollerParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollerParts")
            .field("account", &self.account)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Follows the tasks of one account.
pub struct Poller {
    pub(crate) parts: PollerParts,
    pub(crate) pauser: AccountPauser,
    pub(crate) too_late: TooLate,
    pub(crate) refusals: Refusals,
    /// Undocumented status words, by job.
    pub(crate) words: Seen<(JobId, String)>,
    /// Why status requests brought nothing.
    pub(crate) reasons: Seen<String>,
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller").field("account", &self.parts.account).finish_non_exhaustive()
    }
}

#[async_trait]
impl Handler for Poller {
    fn stage(&self) -> ClaimStage {
        ClaimStage::Poll
    }

    async fn handle(&self, context: &mut dyn JobContext) -> Finish {
        let job = Arc::clone(context.job());
        let Stage::Running { task } = &job.stage else { return Finish::GiveBack };
        if let Some(reason) = other_provider(&job, self.parts.provider.name()) {
            return Finish::Event(left_alone(task, reason));
        }
        // The store's time of the acceptance; the task's own is from the clock of the worker that read it.
        let accepted_at = job.submitted_at.unwrap_or(task.accepted_at);
        let now = context.now();
        let (age, is_unwanted) = (now.since(accepted_at), context.cancel_requested());
        let poll = PollContext { job: &job, task, age, now, is_unwanted };
        if !is_unwanted {
            return Finish::Event(self.poll(poll).await);
        }
        Finish::Event(match self.withdraw(poll).await {
            // The vendor's word, unless the task has a clip all the same: that was paid for.
            Withdrawal::Done(event) => match self.poll(poll).await {
                clip @ (Event::Finished { .. } | Event::FetchAgain { .. }) => clip,
                _ => event,
            },
            Withdrawal::None => self.poll(poll).await,
            Withdrawal::Unclear(trouble) => unless_troubled(self.poll(poll).await, trouble),
        })
    }
}

/// When a task of another provider than the account's is polled again.
const OTHER_PROVIDER: Duration = Duration::from_mins(1);

/// No one is asked about a task of another provider than the account's: what that one says of it means nothing.
fn left_alone(task: &RemoteTask, reason: String) -> Event {
    Event::Running {
        next_poll: OTHER_PROVIDER,
        word: task.word.clone(),
        progress: task.progress,
        overdue: task.overdue,
        answered: false,
        trouble: Some(Trouble::new(TroubleKind::Status, reason)),
    }
}

/// The event with this trouble where it has none of its own.
fn unless_troubled(event: Event, other: Trouble) -> Event {
    match event {
        Event::Running { next_poll, word, progress, overdue, answered: true, trouble: None } => {
            Event::Running { next_poll, word, progress, overdue, answered: true, trouble: Some(other) }
        }
        event => event,
    }
}

impl Poller {
    /// A poller for one account.
    pub fn new(parts: PollerParts) -> Self {
        let rng = SharedRng::seeded(parts.seed);
        let pauser = AccountPauser::new(parts.account.clone(), Arc::clone(&parts.store), rng);
        Self {
            parts,
            pauser,
            too_late: TooLate::default(),
            refusals: Refusals::default(),
            words: Seen::default(),
            reasons: Seen::default(),
        }
    }

    async fn poll(&self, poll: PollContext<'_>) -> Event {
        let spec = &poll.job.spec;
        let request = self.parts.provider.poll(spec, &poll.task.id);
        let reply = self.parts.exchange.call(&request).await;
        self.parts.metrics.polled();
        match reply {
            Ok(reply) => {
                let outcome = self.parts.provider.polled(spec, &poll.task.id, &reply);
                if tells_of_the_task(&outcome) {
                    self.parts.metrics.polls_are_refused(false);
                    self.refusals.answered();
                    self.pauser.went_through(poll.now);
                }
                links_again(poll, self.event_of(poll, outcome).await)
            }
            Err(setback) => links_again(poll, self.unclear(poll, &setback)),
        }
    }
}

/// The event, unless it brings no link to a job whose earlier links may have come to life: then those are tried first.
fn links_again(poll: PollContext<'_>, event: Event) -> Event {
    if !poll.has_links_to_try() {
        return event;
    }
    let says = |what: String| Trouble::new(TroubleKind::SaysFailed, what);
    match event {
        Event::Running { answered, trouble, .. } => {
            let trouble =
                trouble.unwrap_or_else(|| Trouble::new(TroubleKind::Status, "the status names no link any more"));
            Event::FetchAgain { trouble, answered }
        }
        Event::Failed { failure, .. } => Event::FetchAgain { trouble: says(failure.to_string()), answered: true },
        Event::Cancelled { .. } => {
            Event::FetchAgain { trouble: says("the task was withdrawn".to_owned()), answered: true }
        }
        event => event,
    }
}

/// Whether the provider answered the question, whatever it said.
const fn tells_of_the_task(outcome: &PollOutcome) -> bool {
    !matches!(outcome, PollOutcome::Blocked { .. } | PollOutcome::Throttled(_) | PollOutcome::Unclear(_))
}
