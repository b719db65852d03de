//! What can happen to a job.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Acceptance, Failure, Money, OutputLink, Settlement, StoredFile, Submission, TaskId, Timestamp, Trouble};

/// How a person settled a submission whose fate was unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// The provider never took it: it may be submitted again, under a new key.
    NotBought,
    /// No one knows; the user accepted beforehand that it is submitted again all the same, under a new key.
    Resubmit,
    /// The row is given up, wherever it stands; whatever it cost, it ends as failed. Its task, where one is known, stays
    /// known: a retry looks at it first.
    GiveUp,
    /// A person looked it up: the submission was taken, as this task. Said again of a job whose task a person had named, it takes
    /// that task's place.
    Follows {
        /// The provider's task.
        task: TaskId,
        /// The submission that started it.
        submission: Submission,
        /// When it was named.
        at: Timestamp,
    },
    /// The task that a person had named is not this job's: it is unknown again whether its submission was taken.
    WrongTask,
}

/// What moves a job from one stage to the next. Workers, people and the store all speak in events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// The request is about to leave; durable before it does.
    Sending {
        /// The submission that it belongs to.
        submission: Submission,
    },
    /// A request that left, or may have left, was forgotten by the store: a local journal tells of it.
    RestoredSubmission {
        /// The submission that it belongs to.
        submission: Submission,
    },
    /// No byte of the request left: try again after `after`.
    NotSent {
        /// Why.
        reason: String,
        /// How long to wait.
        after: Duration,
    },
    /// The provider took nothing and asked to wait; also used while the account is blocked.
    Throttled {
        /// Why.
        reason: String,
        /// How long to wait.
        after: Duration,
    },
    /// Something in front of the provider turned the request away: nothing was taken, and it is no verdict on the row.
    TurnedAway {
        /// Why.
        reason: String,
        /// How long to wait.
        after: Duration,
    },
    /// The provider's fate of the request is unknown, and the same key and body may be sent again after `after`.
    Replay {
        /// Why.
        reason: String,
        /// How long to wait.
        after: Duration,
        /// A task id that the unreadable reply seems to name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        candidate: Option<TaskId>,
    },
    /// The provider refused the request and charged nothing.
    Rejected {
        /// Why.
        failure: Failure,
    },
    /// The provider took the job. Also how a late acceptance is recorded.
    Accepted {
        /// Its acceptance.
        acceptance: Acceptance,
        /// When to look at the task first.
        first_poll: Duration,
    },
    /// The fate of the request is unknown and asking again would risk a second purchase.
    Unresolved {
        /// Why.
        reason: String,
        /// A task id that the unreadable reply seems to name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        candidate: Option<TaskId>,
    },
    /// A person settled an unknown fate.
    Resolved {
        /// How.
        resolution: Resolution,
    },
    /// The task goes on.
    Running {
        /// When to look again.
        next_poll: Duration,
        /// The provider's status word.
        word: Option<String>,
        /// The provider's progress, 0 to 100.
        progress: Option<u8>,
        /// The task has run past the account's `running_timeout`.
        overdue: bool,
        /// The status request was answered (`false`: it failed, and nothing was learned).
        answered: bool,
        /// Why nothing good was learned; `None` after an answer that says that the task goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trouble: Option<Trouble>,
    },
    /// The task succeeded.
    Finished {
        /// Its outputs; never empty.
        outputs: Vec<OutputLink>,
        /// The provider's final price; `None` where it does not say.
        cost: Option<Money>,
    },
    /// The task failed at the provider, or it is lost there.
    Failed {
        /// Why.
        failure: Failure,
        /// What became of the charge.
        settlement: Settlement,
        /// The provider's figure for a charge that stands; `None` where it named none.
        cost: Option<Money>,
        /// Buy it again after this wait: where the failure is transient, nothing was charged and retries are left; or where
        /// a person agreed to it ([`RemoteTask::buy_again`](crate::RemoteTask::buy_again)) and the task is over without an
        /// output, or unknown past its lifetime.
        retry_after: Option<Duration>,
    },
    /// The outputs could not be fetched now; try again.
    FetchLater {
        /// Why.
        reason: String,
        /// How long to wait.
        after: Duration,
    },
    /// The links give nothing: ask the provider for fresh ones.
    LinksExpired {
        /// What the links gave.
        reason: String,
        /// How long to wait before asking: an output may be late, and the links then work.
        after: Duration,
    },
    /// The provider was asked for fresh links and named none: the links that it named before are tried again.
    FetchAgain {
        /// What it said instead.
        trouble: Trouble,
        /// The status request was answered.
        answered: bool,
    },
    /// The outputs cannot be had; the task stays known, and a retry fetches again.
    FetchFailed {
        /// Why.
        failure: Failure,
    },
    /// Every output is in its place.
    Stored {
        /// The files, in the provider's order.
        files: Vec<StoredFile>,
    },
    /// The job is not wanted any more: before it was sent, or the provider confirmed the cancellation.
    Cancelled {
        /// What became of the charge, where there was one.
        settlement: Option<Settlement>,
    },
    /// A person wants a job that ended to be taken up again. Where a task is known it is looked at first, and its output
    /// is fetched if there is one.
    Retry {
        /// The person agreed that the row is bought again: at once where no task is known, else only where the task turns
        /// out to be over without an output.
        buy: bool,
    },
}

impl Event {
    /// The word used in history.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sending { .. } => "sending",
            Self::RestoredSubmission { .. } => "recalled",
            Self::NotSent { .. } => "not_sent",
            Self::Throttled { .. } => "throttled",
            Self::TurnedAway { .. } => "turned_away",
            Self::Replay { .. } => "replay",
            Self::Rejected { .. } => "rejected",
            Self::Accepted { .. } => "accepted",
            Self::Unresolved { .. } => "unresolved",
            Self::Resolved { .. } => "resolved",
            Self::Running { .. } => "running",
            Self::Finished { .. } => "finished",
            Self::Failed { .. } => "failed",
            Self::FetchLater { .. } => "fetch_later",
            Self::LinksExpired { .. } => "links_expired",
            Self::FetchAgain { .. } => "fetch_again",
            Self::FetchFailed { .. } => "fetch_failed",
            Self::Stored { .. } => "stored",
            Self::Cancelled { .. } => "cancelled",
            Self::Retry { .. } => "retry",
        }
    }

    /// Why it happened, for history; empty where the event says it all.
    pub fn reason(&self) -> String {
        match self {
            Self::NotSent { reason, .. }
            | Self::Throttled { reason, .. }
            | Self::TurnedAway { reason, .. }
            | Self::Replay { reason, .. }
            | Self::Unresolved { reason, .. }
            | Self::FetchLater { reason, .. }
            | Self::LinksExpired { reason, .. } => reason.clone(),
            Self::Running { trouble: Some(trouble), .. } | Self::FetchAgain { trouble, .. } => trouble.reason.clone(),
            Self::Retry { buy: false } => "looked at again, and not bought again".to_owned(),
            Self::Rejected { failure } | Self::Failed { failure, .. } | Self::FetchFailed { failure } => {
                failure.to_string()
            }
            Self::Accepted { acceptance, .. } => acceptance.task.to_string(),
            Self::RestoredSubmission { submission } => {
                format!("submission {} was sent, and the store forgot it", submission.number)
            }
            Self::Resolved { resolution: Resolution::NotBought } => "not bought".to_owned(),
            Self::Resolved { resolution: Resolution::Resubmit } => "submitted again, whatever became of it".to_owned(),
            Self::Resolved { resolution: Resolution::GiveUp } => "given up".to_owned(),
            Self::Resolved { resolution: Resolution::Follows { task, .. } } => {
                format!("a person named its task: {task}")
            }
            Self::Resolved { resolution: Resolution::WrongTask } => "the task that was named is not its own".to_owned(),
            _ => String::new(),
        }
    }
}
