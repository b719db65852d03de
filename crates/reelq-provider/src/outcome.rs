//! What a status, cancel or balance reply says. (What a submit reply says is [`reelq_model::SubmitOutcome`].)

use std::time::Duration;

use reelq_model::{BlockReason, Failure, Money, OutputLink, Setback, Settlement};

/// What a status reply says of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollOutcome {
    /// It goes on.
    Running {
        /// The status word as the vendor wrote it.
        word: String,
        /// The word is not one that the vendor documents: worth a warning, and bounded by `running_timeout`.
        unknown_word: bool,
        /// Progress, 0 to 100.
        progress: Option<u8>,
        /// The vendor's wish for the next status request.
        wait: Option<Duration>,
    },
    /// It succeeded and names its outputs.
    Finished {
        /// At least one link.
        outputs: Vec<OutputLink>,
        /// The final price, where the vendor tells it.
        cost: Option<Money>,
        /// How long it ran, from its beginning to its end by the vendor's own clock, where the vendor tells both.
        ran: Option<Duration>,
    },
    /// It succeeded, but no output is named (yet): ask again a few times.
    FinishedEmpty,
    /// It failed.
    Failed {
        /// Why, by the vendor's code.
        failure: Failure,
        /// What became of the charge.
        settlement: Settlement,
        /// The vendor's figure for a charge that stands; `None` where it named none.
        cost: Option<Money>,
        /// The failure is the account's, not the row's: nothing more can be bought on it until a person has acted.
        blocks: Option<BlockReason>,
    },
    /// It reports an error under a status word that the vendor does not document: believed only when it is repeated.
    SaysFailed {
        /// Why.
        failure: Failure,
        /// What became of the charge.
        settlement: Settlement,
        /// The vendor's figure for a charge that stands; `None` where it named none.
        cost: Option<Money>,
    },
    /// It was withdrawn.
    Cancelled {
        /// What became of the charge.
        settlement: Settlement,
    },
    /// The vendor says, unmistakably, that it does not know the task: not visible yet, or lost.
    NotFound {
        /// Its words.
        message: String,
    },
    /// Too many status requests.
    Throttled(Setback),
    /// The vendor, in its own form, refuses the request: the task is not this account's, or the account itself is refused.
    /// One task's refusal says nothing of the account; a second request has to tell.
    Blocked {
        /// What a person must fix.
        reason: BlockReason,
        /// The vendor's message.
        message: String,
    },
    /// Nothing was learned: a server error, a reply that cannot be read, or one that names another task.
    Unclear(Setback),
}

/// What a cancel reply says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The task is withdrawn.
    Cancelled {
        /// What became of the charge.
        settlement: Settlement,
    },
    /// It has begun or ended already: it is followed to its end.
    TooLate,
    /// Nothing was learned.
    Unclear(Setback),
}

/// What a balance reply says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BalanceOutcome {
    /// The key is good; the balance, where its form is known.
    Valid(Option<Money>),
    /// The key is refused.
    Blocked {
        /// What a person must fix.
        reason: BlockReason,
        /// The vendor's message.
        message: String,
    },
    /// Nothing was learned.
    Unclear(Setback),
}
