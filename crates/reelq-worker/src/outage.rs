//! Logs that the store is unreachable: at first, now and then while it lasts, and when it is over. One logger per process.

use reelq_store::Error;

/// Failed rounds from one log line to the next.
const QUIET: u32 = 16;

/// How long the store has not answered, in rounds.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    rounds: u32,
}

impl Outage {
    /// A round failed, for a reason that a retry may fix.
    pub(crate) fn failed(&mut self, error: &Error) {
        if self.is_logged_now() {
            let why = chain(error);
            tracing::warn!(%why, "the store is unreachable: retrying until it answers; what is known is kept, and nothing new is bought");
        }
        self.rounds = self.rounds.saturating_add(1);
    }

    /// A round went well.
    pub(crate) fn answered(&mut self) {
        if std::mem::take(&mut self.rounds) > 0 {
            tracing::warn!("the store answers again");
        }
    }

    const fn is_logged_now(&self) -> bool {
        self.rounds.is_multiple_of(QUIET)
    }
}

/// The error with what it comes from.
fn chain(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreachable() -> Error {
        Error::Unavailable { source: "connection refused".into() }
    }

    #[test]
    fn an_outage_is_logged_at_first_and_then_seldom_and_the_next_one_anew() {
        let mut outage = Outage::default();
        let mut logged = 0;
        for _ in 0..40 {
            logged += u32::from(outage.is_logged_now());
            outage.failed(&unreachable());
        }
        assert_eq!(logged, 3);
        outage.answered();
        assert!(outage.is_logged_now());
    }

    #[test]
    fn the_cause_is_logged() {
        assert!(chain(&unreachable()).ends_with(": connection refused"), "{}", chain(&unreachable()));
    }
}
