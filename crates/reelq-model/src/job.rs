//! A job: what to buy, where it stands, and what it has cost so far.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    BatchName, Charge, Event, FailureKind, IdempotencyKey, IllegalTransition, JobId, JobSpec, Money, OutputLink,
    Resolution, Settlement, Stage, Status, TaskId, Timestamp, Trouble, TroubleKind, Troubles, Wake, believable_cost,
};

/// How long outputs are waited for where neither the reply nor the provider's documentation names a time.
const OUTPUTS_LAST: Duration = Duration::from_hours(24);
/// No provider keeps an output for longer, whatever a link says.
const OUTPUTS_LAST_MAX: Duration = Duration::from_hours(8 * 24);

/// A job that is not in the store yet.
#[derive(Debug, Clone, PartialEq)]
pub struct JobDraft {
    /// Its identity.
    pub id: JobId,
    /// What to buy.
    pub spec: JobSpec,
    /// The catalogue's price of one submission; `None` where it is not known.
    pub price: Option<Money>,
    /// Higher goes first; 0 is usual.
    pub priority: i32,
}

/// One thing to buy, as the store keeps it.
///
/// The serialised form is read by later versions: fields are added with a default, never renamed or reused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its identity.
    pub id: JobId,
    /// The batch that it belongs to.
    pub batch: BatchName,
    /// What to buy.
    pub spec: JobSpec,
    /// The catalogue's price of one submission when the job was enqueued; `None` where it is not known.
    #[serde(serialize_with = "Money::serialize_optional")]
    pub price: Option<Money>,
    /// Higher goes first.
    pub priority: i32,
    /// Where it stands.
    pub stage: Stage,
    /// Submissions that the provider took, refused or may have taken; the next one has the number after it.
    pub submissions: u32,
    /// Submissions that the provider took, failed without charge, and that were bought again.
    pub retries: u32,
    /// Setbacks in a row without any progress; the exponent of the next delay.
    pub setbacks: u32,
    /// Times that dead links were refreshed since the task succeeded.
    pub link_refreshes: u32,
    /// Status requests answered, over all its tasks.
    pub polls: u32,
    /// One entry for each task that was accepted.
    pub charges: Vec<Charge>,
    /// Numbers of submissions that nobody knows the fate of, and after which it was submitted again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubtful: Vec<u32>,
    /// When it was enqueued.
    pub queued_at: Timestamp,
    /// When the last accepted submission was accepted.
    pub submitted_at: Option<Timestamp>,
    /// When the provider's end of it was noticed.
    pub finished_at: Option<Timestamp>,
    /// When its outputs were in their place.
    pub stored_at: Option<Timestamp>,
    /// The job whose unexpected second charge this record follows.
    pub orphan_of: Option<JobId>,
    /// Why it does not get on; `None` while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub troubles: Option<Troubles>,
    /// When the provider first said that the task it follows succeeded: from then on the clip exists, and is never bought
    /// again while the provider may still hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succeeded_at: Option<Timestamp>,
    /// Until when that task's outputs are waited for, whatever their links give meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs_until: Option<Timestamp>,
    /// The task id that an unreadable reply to its open submission seems to name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<TaskId>,
    /// Another job of the account that is charged for the same task: one of the two purchases brought nothing of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares_task_with: Option<JobId>,
}

/// What an event made of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The job as it is now.
    pub job: Job,
    /// When to look at it again.
    pub wake: Wake,
}

impl Job {
    /// A job that was enqueued at `at`.
    pub fn new(draft: JobDraft, batch: BatchName, at: Timestamp) -> Self {
        Self {
            id: draft.id,
            batch,
            spec: draft.spec,
            price: draft.price,
            priority: draft.priority,
            stage: Stage::Ready,
            submissions: 0,
            retries: 0,
            setbacks: 0,
            link_refreshes: 0,
            polls: 0,
            charges: Vec::new(),
            doubtful: Vec::new(),
            queued_at: at,
            submitted_at: None,
            finished_at: None,
            stored_at: None,
            orphan_of: None,
            troubles: None,
            succeeded_at: None,
            outputs_until: None,
            candidate: None,
            shares_task_with: None,
        }
    }

    /// The record that follows a charge which `self` cannot take in: another task than the one it follows.
    ///
    /// It runs, is fetched and is counted like any job; only its submission is behind it already.
    #[must_use]
    pub fn orphan(&self, acceptance: &crate::Acceptance, at: Timestamp) -> Self {
        let draft = JobDraft {
            id: self.id.orphan(acceptance.task.as_str()),
            spec: self.spec.clone(),
            price: self.price,
            priority: self.priority,
        };
        let mut orphan = Self::new(draft, self.batch.clone(), at);
        orphan.orphan_of = Some(self.id);
        orphan.note_acceptance(acceptance, at);
        let task = crate::RemoteTask::accepted(acceptance.task.clone(), acceptance.submission, acceptance.at);
        orphan.stage = Stage::Running { task };
        orphan
    }

    /// The number of the next submission.
    ///
    /// A number is used up once the provider may have taken it, not by a request that certainly was not: so a 429 is
    /// followed by the same number and the same key.
    pub const fn next_submission(&self) -> u32 {
        self.submissions.saturating_add(1)
    }

    /// The idempotency key of the next submission.
    pub fn next_key(&self) -> IdempotencyKey {
        IdempotencyKey::derive(self.id, self.next_submission())
    }

    /// Its public status.
    pub const fn status(&self) -> Status {
        self.stage.status()
    }

    /// Whether it takes one of the account's places in flight.
    ///
    /// An unconfirmed job takes none: a handful of them would otherwise stop the account until a person came.
    pub const fn in_flight(&self) -> bool {
        matches!(self.stage, Stage::Submitting { .. } | Stage::Running { .. })
    }

    /// Money set aside for submissions whose charge is not known.
    pub fn reserved(&self) -> Money {
        let open = matches!(self.stage, Stage::Submitting { .. } | Stage::Unconfirmed { .. });
        let price = self.price.unwrap_or(Money::ZERO);
        std::iter::repeat_n(price, usize::from(open) + self.doubtful.len()).sum()
    }

    /// Money taken for it so far, refunds taken off.
    pub fn spent(&self) -> Money {
        self.charges.iter().map(Charge::spent).sum()
    }

    /// Of what was spent, the amounts that were recorded, by the number of their UTC day.
    ///
    /// A charge keeps its day whatever becomes of it, so that a refund gives money back to the day that it was spent on.
    pub fn spent_by_day(&self) -> impl Iterator<Item = (i64, Money)> {
        self.charges.iter().filter_map(|charge| charge.at.map(|at| (at.day(), charge.spent())))
    }

    /// What it cost, or `None` where a charge that stands has an unknown amount, or where it is unknown whether there is one.
    pub fn cost(&self) -> Option<Money> {
        let unknown = |charge: &Charge| charge.amount.is_none() && charge.settlement != Settlement::Refunded;
        let undecided = match &self.stage {
            Stage::Unconfirmed { .. } | Stage::Submitting { .. } => true,
            // With its task known, its charge is.
            Stage::Failed { failure, task } => failure.kind == FailureKind::GivenUp && task.is_none(),
            _ => false,
        };
        (!undecided && self.doubtful.is_empty() && !self.charges.iter().any(unknown)).then(|| self.spent())
    }

    /// The time at which the earliest of its links dies.
    pub fn link_deadline(&self) -> Option<Timestamp> {
        match &self.stage {
            Stage::Fetching { outputs, .. } => outputs.iter().filter_map(|link| link.expires_at).min(),
            _ => None,
        }
    }

    /// Whether `task` is one that it is known to have been charged for.
    pub fn knows_task(&self, task: &TaskId) -> bool {
        self.charges.iter().any(|charge| charge.task == *task)
    }

    /// Whether submission `number` is one that it has made, or that has been settled since.
    pub const fn knows_submission(&self, number: u32) -> bool {
        let open = match &self.stage {
            Stage::Submitting { submission } | Stage::Unconfirmed { submission, .. } => submission.number,
            _ => 0,
        };
        number <= self.submissions || number <= open
    }

    /// Applies an event that happened at `at` (the store's time). Pure; the job itself is left as it was.
    pub fn apply(&self, event: Event, at: Timestamp) -> Result<Applied, IllegalTransition> {
        let event = if self.orphan_of.is_some() { never_again(event) } else { event };
        let mut job = self.clone();
        job.note(&event, at);
        let illegal = IllegalTransition { stage: self.status().as_str(), event: event.name() };
        let is_known = matches!(&event, Event::Recalled { submission } if self.knows_submission(submission.number));
        let (stage, wake) = self.stage.clone().on(event)?;
        let buys = matches!(stage, Stage::Ready | Stage::Submitting { .. });
        if is_known || (self.orphan_of.is_some() && buys) {
            return Err(illegal);
        }
        job.stage = stage;
        Ok(Applied { job, wake })
    }

    fn note(&mut self, event: &Event, at: Timestamp) {
        self.note_trouble(event, at);
        match event {
            Event::NotSent { .. } | Event::Throttled { .. } | Event::TurnedAway { .. } | Event::FetchLater { .. } => {
                self.setbacks = self.setbacks.saturating_add(1);
            }
            Event::Replay { candidate, .. } => {
                self.setbacks = self.setbacks.saturating_add(1);
                self.note_candidate(candidate.as_ref());
            }
            Event::Accepted { acceptance, .. } => self.note_acceptance(acceptance, at),
            Event::Rejected { .. } | Event::Unresolved { .. } => self.note_end_of_submission(event, at),
            Event::Resolved { resolution: Resolution::GiveUp } => self.note_given_up(at),
            Event::Running { answered, .. } => {
                self.setbacks = if *answered { 0 } else { self.setbacks.saturating_add(1) };
                self.polls = self.polls.saturating_add(u32::from(*answered));
            }
            Event::Finished { outputs, cost } => {
                self.end_of_task(Settlement::Charged, *cost, at);
                self.note_outputs(outputs, at);
            }
            Event::Failed { settlement, retry_after, .. } => {
                self.end_of_task(*settlement, None, at);
                self.retries = self.retries.saturating_add(u32::from(retry_after.is_some()));
            }
            Event::Cancelled { settlement: Some(settlement) } => self.end_of_task(*settlement, None, at),
            Event::LinksExpired { .. } => self.link_refreshes = self.link_refreshes.saturating_add(1),
            Event::Stored { .. } => {
                self.stored_at = Some(at);
                self.setbacks = 0;
            }
            Event::Cancelled { settlement: None } | Event::FetchFailed { .. } => {
                self.finished_at = Some(self.finished_at.unwrap_or(at));
            }
            Event::Resolved { resolution: Resolution::Resubmit } => {
                if let Stage::Unconfirmed { submission, .. } = &self.stage {
                    self.doubtful.push(submission.number);
                }
                self.candidate = None;
            }
            Event::Resolved { resolution: Resolution::NotBought } => self.candidate = None,
            Event::Retry { .. } => self.note_retry(),
            Event::Recalled { submission } => {
                self.submissions = self.submissions.max(submission.number.saturating_sub(1));
            }
            Event::Sending { .. } => self.candidate = None,
        }
    }

    /// Keeps why the job does not get on, and forgets it once it does.
    fn note_trouble(&mut self, event: &Event, at: Timestamp) {
        let kind = match event {
            // What failed at the provider and is bought again says why it waits.
            Event::NotSent { .. } | Event::Replay { .. } | Event::Failed { retry_after: Some(_), .. } => {
                TroubleKind::Submit
            }
            Event::TurnedAway { .. } => TroubleKind::TurnedAway,
            // The account's pace is no trouble of its rows; and the next request on its way says nothing of what became of
            // the ones before it.
            Event::Throttled { .. } | Event::Sending { .. } => return,
            Event::FetchLater { .. } | Event::LinksExpired { .. } => TroubleKind::Fetch,
            Event::Running { trouble: Some(trouble), .. } => return self.note_trouble_of(trouble.clone(), at),
            // Between two attempts at a late output the provider only says once more that the task succeeded.
            Event::Finished { .. } | Event::Running { .. } if self.fetches_in_vain() => return,
            Event::Running { answered: false, .. } => return,
            _ => {
                self.troubles = None;
                return;
            }
        };
        self.note_trouble_of(Trouble::new(kind, event.reason()), at);
    }

    fn note_trouble_of(&mut self, trouble: Trouble, at: Timestamp) {
        self.troubles = Some(Troubles::after(self.troubles.as_ref(), trouble, at));
    }

    fn fetches_in_vain(&self) -> bool {
        self.troubles.as_ref().is_some_and(|troubles| troubles.last.kind == TroubleKind::Fetch)
    }

    fn note_candidate(&mut self, candidate: Option<&TaskId>) {
        if let Some(candidate) = candidate {
            self.candidate = Some(candidate.clone());
        }
    }

    /// The first success counts: what later replies say of their links moves the end only where the provider names it.
    fn note_outputs(&mut self, outputs: &[OutputLink], at: Timestamp) {
        let succeeded_at = *self.succeeded_at.get_or_insert(at);
        let latest = succeeded_at.after(OUTPUTS_LAST_MAX);
        let told = |link: &&OutputLink| self.outputs_until.is_none() || !link.assumed;
        let until = outputs.iter().filter(told).filter_map(|link| link.expires_at).max();
        let until = until.or_else(|| self.outputs_until.is_none().then(|| at.after(OUTPUTS_LAST)));
        self.outputs_until = self.outputs_until.max(until.map(|until| until.min(latest)));
    }

    fn note_given_up(&mut self, at: Timestamp) {
        self.finished_at = Some(self.finished_at.unwrap_or(at));
        // It may have been bought all the same: its price stays set aside, and its cost unknown, whatever is done next.
        if let Stage::Submitting { submission } | Stage::Unconfirmed { submission, .. } = &self.stage {
            self.submissions = self.submissions.max(submission.number);
            self.doubtful.push(submission.number);
        }
        let task = self.stage.task().map(|task| task.id.clone());
        // Whatever becomes of the task, nobody said that the money comes back.
        for charge in self.charges.iter_mut().filter(|charge| Some(&charge.task) == task.as_ref()) {
            if charge.settlement == Settlement::Open {
                charge.settlement = Settlement::Charged;
            }
        }
    }

    fn note_acceptance(&mut self, acceptance: &crate::Acceptance, at: Timestamp) {
        self.submissions = self.submissions.max(acceptance.submission);
        self.setbacks = 0;
        self.doubtful.retain(|number| *number != acceptance.submission);
        self.candidate = None;
        if self.knows_task(&acceptance.task) {
            return;
        }
        self.submitted_at = Some(at);
        (self.finished_at, self.succeeded_at, self.outputs_until) = (None, None, None);
        let is_whole = !acceptance.outputs.is_empty();
        self.charges.push(Charge {
            task: acceptance.task.clone(),
            submission: acceptance.submission,
            amount: believable_cost(acceptance.cost, self.price).or(self.price),
            settlement: if is_whole { Settlement::Charged } else { Settlement::Open },
            at: Some(at),
        });
        if is_whole {
            self.finished_at = Some(at);
            self.note_outputs(&acceptance.outputs, at);
        }
    }

    fn note_end_of_submission(&mut self, event: &Event, at: Timestamp) {
        let number = match &self.stage {
            Stage::Submitting { submission } | Stage::Unconfirmed { submission, .. } => submission.number,
            _ => self.submissions,
        };
        self.submissions = self.submissions.max(number);
        if let Event::Unresolved { candidate, .. } = event {
            self.note_candidate(candidate.as_ref());
        }
        if matches!(event, Event::Rejected { .. }) {
            self.finished_at = Some(at);
        }
    }

    fn end_of_task(&mut self, settlement: Settlement, cost: Option<Money>, at: Timestamp) {
        self.polls = self.polls.saturating_add(1);
        self.setbacks = 0;
        // A task that succeeded ended when that was first noticed, however often its links are asked for.
        self.finished_at = Some(self.finished_at.filter(|_| self.succeeded_at.is_some()).unwrap_or(at));
        let cost = believable_cost(cost, self.price);
        let Some(task) = self.stage.task().map(|task| task.id.clone()) else { return };
        for charge in self.charges.iter_mut().filter(|charge| charge.task == task) {
            charge.settlement = settlement;
            charge.amount = cost.or(charge.amount);
        }
    }

    fn note_retry(&mut self) {
        (self.retries, self.setbacks, self.link_refreshes) = (0, 0, 0);
        (self.finished_at, self.stored_at) = (None, None);
    }
}

/// What happens to the record of an unexpected charge: it only follows that charge, for nobody asked for another.
fn never_again(event: Event) -> Event {
    match event {
        Event::Failed { failure, settlement, .. } => Event::Failed { failure, settlement, retry_after: None },
        Event::Retry { .. } => Event::Retry { buy: false },
        event => event,
    }
}
