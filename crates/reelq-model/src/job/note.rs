//! What a job keeps of each event: money, times, outputs, and why it does not get on. Its stage is the state machine's.

use std::time::Duration;

use super::Job;
use crate::{
    Charge, Event, Money, OutputLink, Resolution, Settlement, Stage, TaskId, Timestamp, Trouble, TroubleKind, Troubles,
    believable_cost,
};

/// How long outputs are waited for where neither the reply nor the provider's documentation names a time.
pub const OUTPUTS_LAST: Duration = Duration::from_hours(24);
/// No provider keeps an output for longer, whatever a link says.
pub const OUTPUTS_LAST_MAX: Duration = Duration::from_hours(8 * 24);

impl Job {
    pub(super) fn note(&mut self, event: &Event, at: Timestamp) {
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
            Event::Failed { settlement, cost, retry_after, .. } => {
                // What was given back stays as it was charged: its figure may be the nothing that is left of it.
                let cost = cost.filter(|_| *settlement == Settlement::Charged);
                self.end_of_task(*settlement, cost, at);
                self.retries = self.retries.saturating_add(u32::from(retry_after.is_some()));
            }
            Event::Cancelled { settlement: Some(settlement) } => self.end_of_task(*settlement, None, at),
            Event::FetchAgain { answered, .. } => {
                self.setbacks = 0;
                self.polls = self.polls.saturating_add(u32::from(*answered));
            }
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
            Event::Resolved { resolution: Resolution::Follows { task, submission, .. } } => {
                self.forget_named_task();
                let (task, submission) = (task.clone(), submission.number);
                let acceptance = crate::Acceptance { task, submission, cost: None, at, outputs: Vec::new() };
                self.note_acceptance(&acceptance, at);
            }
            Event::Resolved { resolution: Resolution::WrongTask } => self.forget_named_task(),
            Event::Retry { .. } => self.note_retry(),
            Event::RestoredSubmission { submission } => {
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
            Event::Finished { .. } | Event::Running { .. } | Event::FetchAgain { .. } if self.fetches_in_vain() => {
                return;
            }
            Event::FetchAgain { trouble, .. } => return self.note_trouble_of(trouble.clone(), at),
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

    /// Until when the outputs are waited for. A time that had passed when the task succeeded is a slip of the provider's.
    pub fn outputs_awaited_until(&self) -> Option<Timestamp> {
        let ended = self.succeeded_at.or(self.finished_at);
        let told = self.outputs_until.filter(|until| ended.is_none_or(|ended| *until > ended));
        told.or_else(|| ended.map(|ended| ended.after(OUTPUTS_LAST)))
    }

    fn note_given_up(&mut self, at: Timestamp) {
        self.finished_at = Some(self.finished_at.unwrap_or(at));
        // It may have been bought all the same: its price stays set aside, and its cost unknown, whatever is done next.
        if let Stage::Submitting { submission } | Stage::Unconfirmed { submission, .. } = &self.stage {
            self.submissions = self.submissions.max(submission.number);
            self.doubtful.push(submission.number);
        }
        let task = self.stage.task().map(|task| task.id.clone());
        // Whatever becomes of the task, no one said that the money comes back.
        for charge in self.charges.iter_mut().filter(|charge| Some(&charge.task) == task.as_ref()) {
            if charge.settlement == Settlement::Open {
                charge.settlement = Settlement::Charged;
            }
        }
    }

    /// The task that a person had named is not its own: what is charged for that is charged to another.
    fn forget_named_task(&mut self) {
        let Some(task) = self.stage.task().filter(|task| task.named.is_some()) else { return };
        let task = task.id.clone();
        self.charges.retain(|charge| charge.task != task);
        (self.finished_at, self.stored_at, self.succeeded_at, self.outputs_until) = (None, None, None, None);
        (self.link_refreshes, self.shares_task_with) = (0, None);
    }

    pub(super) fn note_acceptance(&mut self, acceptance: &crate::Acceptance, at: Timestamp) {
        self.submissions = self.submissions.max(acceptance.submission);
        self.setbacks = 0;
        self.settle_doubt(acceptance.submission);
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
