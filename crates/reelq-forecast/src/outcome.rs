//! What came of one account in one play.

use super::Bottleneck;

/// What came of it. Times are in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// When the last output was stored, or the last task failed.
    pub(crate) end: u64,
    /// When the last job was submitted.
    pub(crate) submitted: u64,
    /// Micro-dollars charged.
    pub(crate) cost: i64,
    /// Submissions that were throttled.
    pub(crate) throttles: u64,
    /// Jobs that failed for good.
    pub(crate) failed: u64,
    /// Jobs that were never bought, or not again.
    pub(crate) left_over: u64,
    /// Where the time went.
    pub(crate) spent: TimeSpent,
    /// The rate sends nothing at all.
    pub(crate) is_stuck: bool,
}

/// How long each of the limits held an account up, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TimeSpent([u64; LIMITS.len()]);

/// In the order of their numbers.
const LIMITS: [Bottleneck; 6] = [
    Bottleneck::Rate,
    Bottleneck::Throttles,
    Bottleneck::Places,
    Bottleneck::DailyBudget,
    Bottleneck::Budget,
    Bottleneck::Durations,
];

impl TimeSpent {
    pub(crate) fn add(&mut self, limit: Bottleneck, nanos: u64) {
        if let Some(spent) = self.0.get_mut(limit as usize) {
            *spent = spent.saturating_add(nanos);
        }
    }

    /// What took longest; `None` where nothing took any time.
    fn longest(&self) -> Option<Bottleneck> {
        let longest = self.0.iter().zip(LIMITS).max_by_key(|(spent, _)| **spent)?;
        (*longest.0 > 0).then_some(longest.1)
    }
}

impl Outcome {
    /// What held it up.
    pub(crate) fn limit(&self) -> Option<Bottleneck> {
        if self.is_stuck {
            Some(Bottleneck::Rate)
        } else if self.left_over > 0 {
            Some(Bottleneck::Budget)
        } else {
            self.spent.longest()
        }
    }

    /// Accounts work side by side. The time of the one that ends last is where the time of both went.
    pub(crate) fn beside(self, other: Self) -> Self {
        let last = if self.end >= other.end { self } else { other };
        Self {
            end: last.end,
            submitted: self.submitted.max(other.submitted),
            cost: self.cost.saturating_add(other.cost),
            throttles: self.throttles.saturating_add(other.throttles),
            failed: self.failed.saturating_add(other.failed),
            left_over: self.left_over.saturating_add(other.left_over),
            spent: last.spent,
            is_stuck: self.is_stuck || other.is_stuck,
        }
    }
}
