//! Counts what the handlers of one account do, for the live view. Shared counters only: nothing is decided here but for
//! whether status requests are refused.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// What one account's handlers did since the process started.
#[derive(Debug, Default)]
pub struct AccountMetrics {
    submits: AtomicU64,
    polls: AtomicU64,
    downloads: AtomicU64,
    downloaded_bytes: AtomicU64,
    panics: AtomicU64,
    polls_refused: AtomicBool,
}

/// The counters at one moment; rates come from the difference of two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MetricsSnapshot {
    /// Paid requests that were sent.
    pub submits: u64,
    /// Status requests that were sent.
    pub polls: u64,
    /// Files that were fetched whole.
    pub downloads: u64,
    /// Bytes that were fetched.
    pub downloaded_bytes: u64,
    /// Handlers that panicked.
    pub panics: u64,
}

impl AccountMetrics {
    /// Counts a paid request.
    pub fn submitted(&self) {
        self.submits.fetch_add(1, Relaxed);
    }

    /// Counts a status request.
    pub fn polled(&self) {
        self.polls.fetch_add(1, Relaxed);
    }

    /// Notes whether the provider refuses the account's status requests: not one task's, all of them.
    pub fn polls_are_refused(&self, refused: bool) {
        self.polls_refused.store(refused, Relaxed);
    }

    /// Counts fetched bytes as they come.
    pub fn received(&self, bytes: u64) {
        self.downloaded_bytes.fetch_add(bytes, Relaxed);
    }

    /// Counts a file that is whole.
    pub fn downloaded(&self) {
        self.downloads.fetch_add(1, Relaxed);
    }

    /// Counts a handler's panic.
    pub(crate) fn panicked(&self) {
        self.panics.fetch_add(1, Relaxed);
    }

    /// Whether the account's status requests are refused (401, 402, 403): its tasks cannot be followed for now.
    pub fn polls_refused(&self) -> bool {
        self.polls_refused.load(Relaxed)
    }

    /// Reads the counters.
    pub fn snapshot(&self) -> MetricsSnapshot {
        MetricsSnapshot {
            submits: self.submits.load(Relaxed),
            polls: self.polls.load(Relaxed),
            downloads: self.downloads.load(Relaxed),
            downloaded_bytes: self.downloaded_bytes.load(Relaxed),
            panics: self.panics.load(Relaxed),
        }
    }
}
