//! Tells that the store is away: once, now and then while it lasts, and when it is over. One teller a process.

use reelq_model::error_chain;
use reelq_store::Error;

/// Failed rounds from one word to the next.
const QUIET: u32 = 16;

/// How long the store has not answered, in rounds.
#[derive(Debug, Default)]
pub(crate) struct Absence {
    rounds: u32,
}

impl Absence {
    /// A round failed, for a reason that repeating may mend.
    pub(crate) fn failed(&mut self, error: &Error) {
        if self.is_to_be_told() {
            let why = error_chain(error);
            tracing::warn!(%why, "the store is away: asking until it answers; what is known is kept, nothing new is bought");
        }
        self.rounds = self.rounds.saturating_add(1);
    }

    /// A round went well.
    pub(crate) fn answered(&mut self) {
        if std::mem::take(&mut self.rounds) > 0 {
            tracing::warn!("the store is back");
        }
    }

    const fn is_to_be_told(&self) -> bool {
        self.rounds.is_multiple_of(QUIET)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> Error {
        Error::Unavailable { source: "connection refused".into() }
    }

    #[test]
    fn an_absence_is_told_at_first_and_then_seldom_and_the_next_one_anew() {
        let mut absence = Absence::default();
        let mut told = 0;
        for _ in 0..40 {
            told += u32::from(absence.is_to_be_told());
            absence.failed(&away());
        }
        assert_eq!(told, 3);
        absence.answered();
        assert!(absence.is_to_be_told());
    }

    #[test]
    fn the_cause_is_told() {
        assert!(error_chain(&away()).ends_with(": connection refused"), "{}", error_chain(&away()));
    }
}
