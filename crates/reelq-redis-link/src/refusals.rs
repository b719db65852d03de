//! Logins and certificates that were good a moment ago: refused now, they may be in the middle of a rotation.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::faults::Fault;
use reelq_store::Error;

/// Since when a server that took us before refuses us.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    was_taken: bool,
    since: Option<Duration>,
}

impl Refusals {
    /// A server took us.
    pub(super) fn taken(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State { was_taken: true, since: None };
    }

    /// What a fault means at `now`: for `patience` a refusal passes, where a server took us before.
    pub(super) fn weigh(&self, fault: Fault, now: Duration, patience: Duration) -> Fault {
        let Fault { error: Error::Broken { reason }, reconnect, refused: true } = fault else { return fault };
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = now.saturating_sub(*state.since.get_or_insert(now));
        if !state.was_taken || waited >= patience {
            return Fault { error: Error::Broken { reason }, reconnect, refused: true };
        }
        let left = patience.saturating_sub(waited).as_secs();
        let reason = format!("{reason}; it was taken before, so it is read and tried again for {left} s");
        Fault { error: Error::unavailable(reason), reconnect: true, refused: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighed(refusals: &Refusals, at: u64) -> bool {
        let fault = Fault { error: Error::broken("refused"), reconnect: false, refused: true };
        refusals.weigh(fault, Duration::from_secs(at), Duration::from_secs(30)).error.is_transient()
    }

    #[test]
    fn a_refusal_passes_for_a_while_where_the_server_took_us_before() {
        let refusals = Refusals::default();
        assert!(!weighed(&refusals, 0), "the first login of all is a mistake");
        refusals.taken();
        assert!(weighed(&refusals, 100) && weighed(&refusals, 129) && !weighed(&refusals, 130));
        refusals.taken();
        assert!(weighed(&refusals, 131), "each rotation has its own time");
    }

    #[test]
    fn another_fault_stays_what_it_is() {
        let refusals = Refusals::default();
        refusals.taken();
        let fault = Fault { error: Error::broken("NOPERM"), reconnect: false, refused: false };
        assert!(!refusals.weigh(fault, Duration::ZERO, Duration::from_secs(30)).error.is_transient());
    }
}
