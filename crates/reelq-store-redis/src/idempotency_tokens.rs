//! Requests that may have been done though no answer came: the same one again goes out under the same mark, so that
//! the server can recognise a repeat.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use reelq_model::Timestamp;

/// More are not remembered: they stem from a server that has been unreachable for long.
const REMEMBERED: usize = 1024;

/// Hands out marks.
#[derive(Debug)]
pub(super) struct IdempotencyTokens {
    process: String,
    last: AtomicU64,
    open: Mutex<HashMap<String, String>>,
}

impl IdempotencyTokens {
    pub(super) fn new(opened: Timestamp) -> Self {
        // Differs between the stores of a process, too.
        static OPENED: AtomicU64 = AtomicU64::new(0);
        let count = OPENED.fetch_add(1, Ordering::Relaxed);
        let process = format!("{:x}.{:x}.{count:x}", opened.millis(), std::process::id());
        Self { process, last: AtomicU64::new(0), open: Mutex::default() }
    }

    /// The mark for a request: that of the same one before it, where that was never answered.
    pub(super) fn mark(&self, request: &str) -> String {
        self.mark_or_repeat(request).0
    }

    /// The same, and whether it is that of one before it.
    pub(super) fn mark_or_repeat(&self, request: &str) -> (String, bool) {
        let known = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(request);
        let fresh = || format!("{}.{:x}", self.process, self.last.fetch_add(1, Ordering::Relaxed));
        known.map_or_else(|| (fresh(), false), |known| (known, true))
    }

    /// Remembers the mark of a request that brought no answer.
    pub(super) fn keep(&self, request: String, mark: String) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() < REMEMBERED {
            open.insert(request, mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unanswered_request_has_its_mark_again() {
        let marks = IdempotencyTokens::new(Timestamp::from_millis(1));
        let first = marks.mark("claim");
        assert_ne!(marks.mark("claim"), first);
        marks.keep("claim".to_owned(), first.clone());
        assert_ne!(marks.mark("other"), first);
        assert_eq!(marks.mark("claim"), first);
        assert_ne!(marks.mark("claim"), first, "once");
    }
}
