//! For how long nothing of the work has moved.

use std::time::Duration;

use reelq_store::BatchView;

use crate::SubmissionGate;

/// Since when nothing of the work has moved.
#[derive(Debug, Default)]
pub(crate) struct Stillness {
    since: Duration,
    views: Vec<BatchView>,
    /// Since when an output place takes no files.
    closed_since: Option<Duration>,
}

impl Stillness {
    /// How long the batches have stood as they stand now.
    pub(crate) fn lasts(&mut self, now: Duration, views: Vec<BatchView>) -> Duration {
        if self.views != views {
            (self.since, self.views) = (now, views);
        }
        now.saturating_sub(self.since)
    }

    /// Whether an output place takes no files, and has not for as long as `patience`: it may come back by itself.
    pub(crate) fn waits_for_place(&mut self, now: Duration, gate: &SubmissionGate, patience: Duration) -> bool {
        if gate.closed_places().is_empty() {
            self.closed_since = None;
            return false;
        }
        let since = *self.closed_since.get_or_insert(now);
        now.saturating_sub(since) < patience
    }
}
