//! Wishes to cancel a job: when one can be granted, and when it is over.

use reelq_model::Stage;

/// Who wants a job cancelled. A number that a newer version wrote is kept as it is, and counts as a wish.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CancelWish(i64);

impl CancelWish {
    /// No one wants the job cancelled.
    pub const NONE: Self = Self(0);
    /// A person wants it cancelled.
    pub const ASKED: Self = Self(1);
    /// Its line is gone; a line that comes back revives it.
    pub const GONE: Self = Self(2);

    /// The wish that a stored number stands for.
    pub const fn from_code(code: i64) -> Self {
        Self(code)
    }

    /// The number that is stored.
    pub const fn code(self) -> i64 {
        self.0
    }

    /// Whether it can be granted to a job that stands at `stage`.
    pub fn is_due(self, stage: &Stage) -> bool {
        self != Self::NONE && matches!(stage, Stage::Ready)
    }

    /// Whether the job's worker is to withdraw it. A task that was bought is kept where only its line is gone.
    pub fn is_requested(self, stage: &Stage) -> bool {
        self == Self::ASKED || self.is_due(stage)
    }

    /// What is left of it.
    #[must_use]
    pub fn without(self, dropped: DroppedWishes) -> Self {
        let is_dropped = match self {
            Self::ASKED => dropped.asked,
            Self::GONE => dropped.gone,
            _ => dropped == DroppedWishes::ALL,
        };
        if is_dropped { Self::NONE } else { self }
    }
}

/// Which wishes to cancel a job are dropped with a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DroppedWishes {
    /// A person's.
    pub asked: bool,
    /// That of a line that is gone.
    pub gone: bool,
}

impl DroppedWishes {
    /// Each wish stays.
    pub const NONE: Self = Self { asked: false, gone: false };
    /// No wish stays.
    pub const ALL: Self = Self { asked: true, gone: true };

    /// The wishes that have been granted, or can no longer be, once a job stands at `stage`.
    pub const fn over(stage: &Stage) -> Self {
        let ended = stage.is_terminal();
        Self {
            asked: ended || matches!(stage, Stage::Fetching { .. }),
            // A withdrawn job keeps it, so that a line that comes back revives it.
            gone: ended && !matches!(stage, Stage::Cancelled { task: None }),
        }
    }

    /// These and others.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { asked: self.asked || other.asked, gone: self.gone || other.gone }
    }

    /// The sum of the numbers of the dropped wishes.
    pub const fn code(self) -> i64 {
        (self.asked as i64) * CancelWish::ASKED.code() + (self.gone as i64) * CancelWish::GONE.code()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transition::samples;

    #[test]
    fn each_stage_grants_and_ends_its_wishes() {
        // Stage, whether a person's wish and a gone line's are due, and which of both are over.
        let table = [
            (samples::ready(), true, (false, false)),
            (samples::submitting(), false, (false, false)),
            (samples::unconfirmed(), false, (false, false)),
            (samples::running(), false, (false, false)),
            (samples::fetching(), false, (true, false)),
            (samples::failed(), false, (true, true)),
            (samples::withdrawn(), false, (true, false)),
        ];
        for (job, due, (asked, gone)) in table {
            let stage = &job.stage;
            for wish in [CancelWish::ASKED, CancelWish::GONE, CancelWish::from_code(7)] {
                assert_eq!(wish.is_due(stage), due, "{stage:?}");
            }
            assert!(!CancelWish::NONE.is_due(stage));
            assert!(CancelWish::ASKED.is_requested(stage));
            assert_eq!(CancelWish::GONE.is_requested(stage), due);
            assert_eq!(DroppedWishes::over(stage), DroppedWishes { asked, gone }, "{stage:?}");
        }
    }

    #[test]
    fn wishes_keep_their_numbers_and_what_is_unknown_stays() {
        assert_eq!([CancelWish::NONE, CancelWish::ASKED, CancelWish::GONE].map(CancelWish::code), [0, 1, 2]);
        let asked = DroppedWishes { asked: true, gone: false };
        let gone = DroppedWishes { asked: false, gone: true };
        assert_eq!([DroppedWishes::NONE, asked, gone, asked.and(gone)].map(DroppedWishes::code), [0, 1, 2, 3]);
        assert_eq!(CancelWish::ASKED.without(asked), CancelWish::NONE);
        assert_eq!(CancelWish::GONE.without(asked), CancelWish::GONE);
        assert_eq!(CancelWish::from_code(7).without(gone), CancelWish::from_code(7));
        assert_eq!(CancelWish::from_code(7).without(DroppedWishes::ALL), CancelWish::NONE);
    }
}
