//! What each class of outcome means for the job. Pure.

use std::time::Duration;

use reelq_model::{Event, Failure, FailureKind};

/// A request that brought no decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Undecided {
    pub(crate) reason: String,
    pub(crate) after: Duration,
}

/// Whether an earlier request of the same submission may have been taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It is the submission's first request.
    First,
    /// An earlier one may have been taken, so that nothing learned now proves that nothing was bought.
    Replay,
}

impl Attempt {
    /// Nothing of this request was taken.
    pub(crate) fn not_sent(self, Undecided { reason, after }: Undecided) -> Event {
        match self {
            Self::First => Event::NotSent { reason, after },
            Self::Replay => Event::Replay { reason, after, candidate: None },
        }
    }

    /// Something in front of the provider took nothing of this request.
    pub(crate) fn turned_away(self, Undecided { reason, after }: Undecided) -> Event {
        match self {
            Self::First => Event::TurnedAway { reason, after },
            Self::Replay => Event::Replay { reason, after, candidate: None },
        }
    }

    /// The provider took nothing and wants to be left alone for a while.
    pub(crate) fn throttled(self, Undecided { reason, after }: Undecided) -> Event {
        match self {
            Self::First => Event::Throttled { reason, after },
            Self::Replay => Event::Replay { reason, after, candidate: None },
        }
    }
}

/// The row was turned away again and again while others got through: it is the row, and it was never bought.
pub(crate) fn turned_away_for_good(count: u32, lasted: Duration, reason: &str) -> Event {
    let minutes = lasted.as_secs() / 60;
    let message = format!(
        "turned away {count} times in {minutes} minutes while other rows got through: {reason}; it was never bought: \
         look at the row, then `reelq retry`"
    );
    Event::Rejected { failure: Failure::new(FailureKind::Provider, message) }
}
