//! What was written a moment ago, so that nothing is written twice, and nothing that came a little late is left out.

use std::{collections::BTreeMap, time::Duration};

use reelq_model::{JobId, Timestamp};

use super::LogLine;

/// What a worker did stands in the store by its own time at most so much later.
const LATE: Duration = Duration::from_secs(5);

/// The lines of the last few seconds.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// When the newest line was.
    newest: Option<Timestamp>,
    written: BTreeMap<(Timestamp, JobId, String), u32>,
    /// How often each was met in the present look.
    met: BTreeMap<(Timestamp, JobId, String), u32>,
}

impl Recent {
    /// From when on lines may be missing.
    pub(super) fn since(&mut self) -> Option<Timestamp> {
        self.met.clear();
        self.newest.map(|newest| newest.before(LATE))
    }

    /// Whether the line was not written yet; then it counts as written.
    pub(super) fn is_new(&mut self, line: &LogLine) -> bool {
        let key = (line.at, line.job, line.event.clone());
        let met = self.met.entry(key.clone()).or_insert(0);
        *met += 1;
        let written = self.written.entry(key).or_insert(0);
        let is_new = *met > *written;
        *written = (*written).max(*met);
        if self.newest.is_none_or(|newest| newest < line.at) {
            self.newest = Some(line.at);
            let since = line.at.before(LATE);
            self.written.retain(|(at, ..), _| *at >= since);
            self.met.retain(|(at, ..), _| *at >= since);
        }
        is_new
    }
}
