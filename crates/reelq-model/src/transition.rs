//! The stage machine: one pure function from stage and event to the next stage.

mod named;

use std::time::Duration;

use crate::{Acceptance, Digest, Event, Failure, FailureKind, RemoteTask, Resolution, Settlement, Stage};

/// When a job is to be looked at again. The store turns it into an instant of its own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// At once.
    Now,
    /// After this long.
    After(Duration),
    /// Not until something else happens to it.
    Never,
}

/// An event that cannot happen in a stage: a bug, or news that came too late.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event `{event}` cannot happen to a job that is {stage}")]
pub struct IllegalTransition {
    /// The stage, by its status word.
    pub stage: &'static str,
    /// The event's name.
    pub event: &'static str,
}

impl Stage {
    /// Returns the next stage and when to look at the job again. Pure: no clock, no I/O, no randomness.
    pub fn on(self, event: Event) -> Result<(Self, Wake), IllegalTransition> {
        let illegal = IllegalTransition { stage: self.status().as_str(), event: event.name() };
        if let Event::Resolved { resolution } = &event
            && matches!(resolution, Resolution::Follows { .. } | Resolution::WrongTask)
        {
            return named::resolved(&self, resolution.clone()).ok_or(illegal);
        }
        let next = match self {
            Self::Ready => from_ready(event),
            Self::Submitting { submission } => from_submitting(submission, event),
            Self::Unconfirmed { submission, .. } => from_unconfirmed(&submission, event),
            Self::Running { task } => from_running(task, event),
            Self::Fetching { task, outputs } => from_fetching(task, outputs, event),
            ended => from_terminal(ended, &event),
        };
        next.ok_or(illegal)
    }
}

type Next = Option<(Stage, Wake)>;

fn from_ready(event: Event) -> Next {
    Some(match event {
        Event::Sending { submission } => (Stage::Submitting { submission }, Wake::Never),
        // Claimed but held back: the account is paused, or the row could not be built yet.
        Event::NotSent { after, .. } | Event::Throttled { after, .. } => (Stage::Ready, Wake::After(after)),
        Event::Rejected { failure } => (Stage::Failed { failure, task: None }, Wake::Never),
        // A person said "not bought", and the acceptance came before it was bought again: taking it is what saves the money.
        Event::Accepted { acceptance, first_poll } => accepted(&acceptance, None, first_poll),
        Event::RestoredSubmission { submission } => (Stage::Submitting { submission }, Wake::Now),
        Event::Cancelled { .. } => (Stage::Cancelled { task: None }, Wake::Never),
        _ => return None,
    })
}

fn from_submitting(submission: crate::Submission, event: Event) -> Next {
    Some(match event {
        Event::NotSent { after, .. } | Event::Throttled { after, .. } | Event::TurnedAway { after, .. } => {
            (Stage::Ready, Wake::After(after))
        }
        Event::Replay { after, .. } => (Stage::Submitting { submission }, Wake::After(after)),
        Event::Rejected { failure } => (Stage::Failed { failure, task: None }, Wake::Never),
        Event::Accepted { acceptance, first_poll } if acceptance.submission == submission.number => {
            accepted(&acceptance, submission.mark, first_poll)
        }
        Event::Unresolved { reason, .. } => (Stage::Unconfirmed { submission, reason }, Wake::Never),
        Event::Resolved { resolution: Resolution::GiveUp } => given_up(GIVEN_UP_UNKNOWN, None),
        _ => return None,
    })
}

fn from_unconfirmed(submission: &crate::Submission, event: Event) -> Next {
    Some(match event {
        Event::Accepted { acceptance, first_poll } if acceptance.submission == submission.number => {
            accepted(&acceptance, submission.mark, first_poll)
        }
        Event::Resolved { resolution: Resolution::NotBought | Resolution::Resubmit } => (Stage::Ready, Wake::Now),
        Event::Resolved { resolution: Resolution::GiveUp } => given_up(GIVEN_UP_UNKNOWN, None),
        _ => return None,
    })
}

fn accepted(acceptance: &Acceptance, mark: Option<Digest>, first_poll: Duration) -> (Stage, Wake) {
    let task = RemoteTask::accepted(acceptance.task.clone(), acceptance.submission, acceptance.at);
    let task = RemoteTask { mark, ..task };
    if acceptance.outputs.is_empty() {
        return (Stage::Running { task }, Wake::After(first_poll));
    }
    (Stage::Fetching { task, outputs: acceptance.outputs.clone() }, Wake::Now)
}

const GIVEN_UP_UNKNOWN: &str = "given up while it was unknown whether it was bought";

fn given_up(message: &str, task: Option<RemoteTask>) -> (Stage, Wake) {
    (Stage::Failed { failure: Failure::new(FailureKind::GivenUp, message), task }, Wake::Never)
}

fn only_looked_at(stage: Stage) -> Stage {
    match stage {
        Stage::Running { task } => Stage::Running { task: task.looked_at_again(false) },
        Stage::Fetching { task, outputs } => Stage::Fetching { task: task.looked_at_again(false), outputs },
        other => other,
    }
}

fn from_running(mut task: RemoteTask, event: Event) -> Next {
    Some(match event {
        Event::Running { next_poll, word, progress, overdue, answered, .. } => {
            task.polls = task.polls.saturating_add(u32::from(answered));
            task.overdue |= overdue;
            if answered {
                (task.word, task.progress) = (word, progress);
            }
            (Stage::Running { task }, Wake::After(next_poll))
        }
        Event::Finished { outputs, .. } if !outputs.is_empty() => {
            task.polls = task.polls.saturating_add(1);
            (Stage::Fetching { task, outputs }, Wake::Now)
        }
        // Before anything else ends it: a link that gave nothing may have come to life.
        Event::FetchAgain { answered, .. } => {
            let outputs = task.earlier_links.last()?.clone();
            task.polls = task.polls.saturating_add(u32::from(answered));
            (Stage::Fetching { task, outputs }, Wake::Now)
        }
        Event::Failed { settlement, retry_after: Some(after), .. }
            if task.buy_again || (settlement == Settlement::Refunded && !task.only_looked_at) =>
        {
            (Stage::Ready, Wake::After(after))
        }
        Event::Failed { failure, retry_after: None, .. } => {
            task.polls = task.polls.saturating_add(1);
            (Stage::Failed { failure, task: Some(task) }, Wake::Never)
        }
        // The provider withdrew it earlier, and a person wants the row all the same.
        Event::Cancelled { .. } if task.buy_again => (Stage::Ready, Wake::Now),
        Event::Cancelled { .. } => (Stage::Cancelled { task: Some(task) }, Wake::Never),
        Event::Resolved { resolution: Resolution::GiveUp } => {
            given_up("given up while its task had not ended", Some(task.looked_at_again(false)))
        }
        // The same acceptance again, from a replayed key or a late reply.
        Event::Accepted { acceptance, first_poll } if acceptance.task == task.id => {
            (Stage::Running { task }, Wake::After(first_poll))
        }
        // A later submission is made only once this task has ended without an output: the store forgot that end.
        Event::Accepted { acceptance, first_poll } if acceptance.submission > task.submission => {
            accepted(&acceptance, None, first_poll)
        }
        Event::RestoredSubmission { submission } if submission.number > task.submission => {
            (Stage::Submitting { submission }, Wake::Now)
        }
        _ => return None,
    })
}

fn from_fetching(task: RemoteTask, outputs: Vec<crate::OutputLink>, event: Event) -> Next {
    Some(match event {
        Event::FetchLater { after, .. } => (Stage::Fetching { task, outputs }, Wake::After(after)),
        Event::LinksExpired { after, .. } => (Stage::Running { task: task.remembering(outputs) }, Wake::After(after)),
        // Its output can no longer be had from anyone, and a person agreed beforehand to buy it again then.
        Event::FetchFailed { failure } if failure.kind == FailureKind::Expired && task.buy_again => {
            (Stage::Ready, Wake::Now)
        }
        Event::Resolved { resolution: Resolution::GiveUp } => {
            let task = task.remembering(outputs).looked_at_again(false);
            given_up("given up while its output could not be fetched", Some(task))
        }
        Event::FetchFailed { failure } => {
            (Stage::Failed { failure, task: Some(task.remembering(outputs)) }, Wake::Never)
        }
        Event::Stored { files } => {
            (Stage::Succeeded { task: RemoteTask { earlier_links: Vec::new(), ..task }, files }, Wake::Never)
        }
        Event::Accepted { acceptance, .. } if acceptance.task == task.id => {
            (Stage::Fetching { task, outputs }, Wake::Now)
        }
        _ => return None,
    })
}

fn from_terminal(stage: Stage, event: &Event) -> Next {
    let buy = match (event, &stage) {
        (Event::Retry { buy }, _) => *buy,
        // It was given up while no one knew whether it was bought. Now that is known: what is paid for is followed, and not
        // bought again by itself.
        (Event::Accepted { acceptance, first_poll }, Stage::Failed { failure, task: None })
            if failure.kind == FailureKind::GivenUp =>
        {
            let (stage, wake) = accepted(acceptance, None, *first_poll);
            return Some((only_looked_at(stage), wake));
        }
        _ => return None,
    };
    match stage {
        // Its output is there: it is only fetched again.
        Stage::Succeeded { task, .. } => Some((Stage::Running { task: task.looked_at_again(false) }, Wake::Now)),
        // It is paid for: whether it still has an output is asked before anything is bought.
        Stage::Failed { task: Some(task), .. } | Stage::Cancelled { task: Some(task) } => {
            Some((Stage::Running { task: task.looked_at_again(buy) }, Wake::Now))
        }
        _ => buy.then_some((Stage::Ready, Wake::Now)),
    }
}
