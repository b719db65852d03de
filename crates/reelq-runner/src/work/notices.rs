//! Telling of a fault that lasts: at once, and then ever more rarely.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The first pause between two tellings, and the longest; each is twice the one before.
const PAUSES: (Duration, Duration) = (Duration::from_secs(30), Duration::from_hours(1));

/// Which faults last, by whose they are.
#[derive(Debug)]
pub(super) struct NoticeBackoff<K>(Mutex<BTreeMap<K, Telling>>);

#[derive(Debug, Clone, Copy)]
struct Telling {
    at: Duration,
    pause: Duration,
}

impl<K> Default for NoticeBackoff<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord + Clone> NoticeBackoff<K> {
    /// Whether the fault of `whose` is told at `now`.
    pub(super) fn is_told(&self, whose: &K, now: Duration) -> bool {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = match faults.get(whose) {
            Some(told) if now.saturating_sub(told.at) < told.pause => return false,
            Some(told) => (told.pause * 2).min(PAUSES.1),
            None => PAUSES.0,
        };
        faults.insert(whose.clone(), Telling { at: now, pause });
        true
    }

    /// The fault of `whose` is over: the next one is told at once.
    pub(super) fn is_over(&self, whose: &K) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(whose);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_lasts_is_told_at_once_and_ever_more_rarely() {
        let faults = NoticeBackoff::default();
        let told = |from: u64, to: u64| (from..to).filter(|s| faults.is_told(&"b", Duration::from_secs(*s))).count();
        assert_eq!((told(0, 30), told(30, 90), told(90, 210)), (1, 1, 1));
        assert!(told(210, 24 * 3_600) < 40, "at most once an hour in the end");
        assert!(faults.is_told(&"c", Duration::ZERO), "another's is another");
        faults.is_over(&"b");
        assert!(faults.is_told(&"b", Duration::from_hours(24)));
    }
}
