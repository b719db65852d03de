//! The time in which an account stood still because its vendor asked for it: it says nothing of what was asked for.

use std::time::Duration;

use reelq_model::Timestamp;
use serde::{Deserialize, Serialize};

/// All pauses that refusals began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Pauses {
    /// The end of the latest.
    until: Option<Timestamp>,
    /// Their time together, what is still to come included.
    all_ms: u64,
}

impl Pauses {
    /// With one more, from now on.
    pub(super) fn and(self, now: Timestamp, lasts: Duration) -> Self {
        let until = now.after(lasts);
        let from = self.until.filter(|end| *end > now).unwrap_or(now);
        Self { until: self.until.max(Some(until)), all_ms: self.all_ms.saturating_add(millis(until.since(from))) }
    }

    /// Whether what began at a moment began before the latest pause was over.
    pub(super) fn holds(self, begun: Timestamp) -> bool {
        self.until.is_some_and(|until| begun < until)
    }

    /// The milliseconds of them that have passed.
    pub(super) fn passed_ms(self, now: Timestamp) -> u64 {
        let to_come = self.until.map_or(0, |until| millis(until.since(now)));
        self.all_ms.saturating_sub(to_come)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_that_overlap_count_once() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let pauses = Pauses::default().and(at(10), Duration::from_secs(4)).and(at(12), Duration::from_secs(1));
        assert_eq!([10, 12, 14, 20].map(|now| pauses.passed_ms(at(now))), [0, 2000, 4000, 4000]);
        let longer = pauses.and(at(13), Duration::from_secs(3)).and(at(20), Duration::from_secs(1));
        assert_eq!([20, 21].map(|now| longer.passed_ms(at(now))), [6000, 7000]);
        assert_eq!([13, 16, 20, 21].map(|begun| longer.holds(at(begun))), [true, true, true, false]);
    }
}
