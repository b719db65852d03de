//! What was logged once in this process, so that it is not logged at each poll.

use std::{
    collections::HashSet,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

/// The set forgets everything rather than grow past this.
const REMEMBERED: usize = 10_000;

/// A bounded set.
#[derive(Debug)]
pub(crate) struct Seen<T> {
    known: Mutex<HashSet<T>>,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self { known: Mutex::default() }
    }
}

impl<T: Eq + Hash> Seen<T> {
    /// Whether it is there already.
    pub(crate) fn holds(&self, one: &T) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(one)
    }

    /// Adds it; whether it is new.
    pub(crate) fn add(&self, one: T) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_new_once_and_the_set_stays_small() {
        let seen = Seen::default();
        assert!(seen.add(1) && !seen.add(1) && seen.holds(&1) && !seen.holds(&2));
        (2..2 * REMEMBERED).for_each(|one| assert!(seen.add(one)));
        assert!(seen.known.lock().unwrap().len() <= REMEMBERED);
    }
}
