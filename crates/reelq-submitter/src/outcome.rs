//! What each class of outcome means for the job. Pure.

use std::time::Duration;

use reelq_model::Event;

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

    /// The provider took nothing and wants to be left alone for a while.
    pub(crate) fn throttled(self, Undecided { reason, after }: Undecided) -> Event {
        match self {
            Self::First => Event::Throttled { reason, after },
            Self::Replay => Event::Replay { reason, after, candidate: None },
        }
    }
}
