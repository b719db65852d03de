//! A job: what to buy, where it stands, and what it has cost so far.

mod note;

pub use note::{OUTPUTS_LAST, OUTPUTS_LAST_MAX};

use serde::{Deserialize, Serialize};

use crate::{
    BatchName, Charge, Event, FailureKind, IdempotencyKey, IllegalTransition, JobId, JobSpec, Money, Resolution,
    Settlement, Stage, Status, TaskId, Timestamp, Troubles, Wake,
};

/// The highest priority that a row or a batch may have, and below zero the lowest.
pub const PRIORITY_MAX: i32 = 100_000_000;

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
    /// How often it was bought again after a task that failed: without charge, or because a person agreed to it.
    pub retries: u32,
    /// Setbacks in a row without any progress; the exponent of the next delay.
    pub setbacks: u32,
    /// Times that dead links were refreshed since the task succeeded.
    pub link_refreshes: u32,
    /// Status requests answered, over all its tasks.
    pub polls: u32,
    /// One entry for each task that was accepted.
    pub charges: Vec<Charge>,
    /// Numbers of submissions that no one knows the fate of, and after which it was submitted again.
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

    /// Knows from now on what became of submission `number`: a record of its own follows its charge. Says whether that was in doubt.
    pub fn settle_doubt(&mut self, number: u32) -> bool {
        let before = self.doubtful.len();
        self.doubtful.retain(|doubtful| *doubtful != number);
        self.doubtful.len() < before
    }

    /// The submission of which no one knows whether it was taken, where an answer to it would still be followed: one that is
    /// under way or unconfirmed, or the last one of a job that was given up before that was known.
    pub fn in_doubt(&self) -> Option<u32> {
        match &self.stage {
            Stage::Submitting { submission } | Stage::Unconfirmed { submission, .. } => Some(submission.number),
            Stage::Failed { failure, task: None } if failure.kind == FailureKind::GivenUp => {
                self.doubtful.last().copied()
            }
            _ => None,
        }
    }

    /// The job after so many more status requests whose answers told nothing new.
    #[must_use]
    pub fn looked_at(&self, times: u32) -> Self {
        let mut job = self.clone();
        job.polls = job.polls.saturating_add(times);
        if let Stage::Running { task } = &mut job.stage {
            task.polls = task.polls.saturating_add(times);
        }
        job
    }

    /// Applies an event that happened at `at` (the store's time). Pure; the job itself is left as it was.
    pub fn apply(&self, event: Event, at: Timestamp) -> Result<Applied, IllegalTransition> {
        let event = if self.orphan_of.is_some() { never_again(event) } else { event };
        let mut job = self.clone();
        job.note(&event, at);
        let illegal = IllegalTransition { stage: self.status().as_str(), event: event.name() };
        let is_known =
            matches!(&event, Event::RestoredSubmission { submission } if self.knows_submission(submission.number));
        // An end is left by the answer to a submission that was in doubt when it came, and by no other.
        let is_late = matches!(&event, Event::Accepted { acceptance, .. }
            if self.stage.is_terminal() && !self.doubtful.contains(&acceptance.submission));
        // So is a task that a person names of one that was given up.
        let is_late = is_late
            || matches!(&event, Event::Resolved { resolution: Resolution::Follows { submission, .. } }
                if self.stage.is_terminal() && self.stage.task().is_none() && !self.doubtful.contains(&submission.number));
        let (stage, wake) = self.stage.clone().on(event)?;
        let buys = matches!(stage, Stage::Ready | Stage::Submitting { .. });
        if is_known || is_late || (self.orphan_of.is_some() && buys) {
            return Err(illegal);
        }
        job.stage = stage;
        Ok(Applied { job, wake })
    }
}

/// What happens to the record of an unexpected charge: it only follows that charge, for no one asked for another.
fn never_again(event: Event) -> Event {
    match event {
        Event::Failed { failure, settlement, cost, .. } => {
            Event::Failed { failure, settlement, cost, retry_after: None }
        }
        Event::Retry { .. } => Event::Retry { buy: false },
        event => event,
    }
}
