//! What became of one submit request.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Failure, Money, OutputLink, TaskId, Timestamp};

/// The classes that every submit request ends in; decided once, where the reply is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmitOutcome {
    /// No byte of the request can have reached the provider: it may be sent again.
    NotSent(Setback),
    /// The provider said "too fast" and took nothing: it may be sent again once the wait is over.
    Throttled(Setback),
    /// The provider refused this row and charged nothing; the others go on.
    Rejected(Failure),
    /// The provider refused the account: nothing more may be sent until a person has acted.
    Blocked {
        /// What a person must fix.
        reason: BlockReason,
        /// The provider's message.
        message: String,
    },
    /// Something in front of the provider turned the request away (a 4xx that is not in the provider's own form): nothing
    /// was taken, and it is no verdict on the row, nor on the account.
    TurnedAway(Setback),
    /// The provider took the job.
    Accepted(Acceptance),
    /// The request may or may not have been taken.
    Ambiguous(Setback),
}

/// Why a request brought no answer, and what the provider said about when to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setback {
    /// Why, as a fragment for logs and history.
    pub reason: String,
    /// The provider's own wait (`Retry-After`, `reset_at`), counted from the reply; `None` where it named none.
    pub wait: Option<Duration>,
    /// Which limit was broken, where the provider says so.
    pub limit: Option<Limit>,
    /// A task id that an unreadable or doubtful reply seems to name: kept with the row, for a person to look at.
    pub candidate: Option<TaskId>,
    /// The same request would only bring the same reply: it is not sent again, and a person decides.
    pub in_vain: bool,
}

/// A limit of an account that a request can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Requests in a time.
    Rate,
    /// Tasks at once.
    InFlight,
}

impl Setback {
    /// A setback without a wait named by the provider.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), wait: None, limit: None, candidate: None, in_vain: false }
    }
}

/// Why the provider refuses a whole account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockReason {
    /// 401: the key is missing, wrong or revoked.
    Unauthorized,
    /// 402: the balance does not cover the request.
    NoCredit,
    /// 403: the key may not do this.
    Forbidden,
}

impl BlockReason {
    /// The word used in JSON, history and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::NoCredit => "no_credit",
            Self::Forbidden => "forbidden",
        }
    }
}

/// The provider's acceptance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// The id of the task that it started.
    pub task: TaskId,
    /// The number of the submission that it answers.
    pub submission: u32,
    /// What the provider says it charged or froze; `None` where it does not say.
    pub cost: Option<Money>,
    /// When the reply was read, by the clock of the worker that read it: shown, never compared.
    pub at: Timestamp,
    /// The outputs, where the reply names them already; usually none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<OutputLink>,
}
