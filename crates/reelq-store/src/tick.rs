//! Ticks: claims, leases, and what became of them.

use std::time::Duration;

use reelq_model::{BatchName, ScheduleName, Timestamp, WorkerId};
use serde::{Deserialize, Serialize};

/// How many finished ticks are kept of each schedule: this many that were fired, and this many that were not.
///
/// Those stay that were finished last, whatever their own times are. Of one that is dropped, its span stays
/// ([`Store::ticks_over`](crate::Store::ticks_over)). Each kind has its own number, so that ticks that were skipped because
/// of a batch do not push that batch's tick out.
pub const TICKS_KEPT: usize = 100;

/// How many spans of ticks without a record are kept of each schedule.
///
/// Spans that touch become one. Where there are more, the two that lie nearest to each other become one, with all between
/// them: a tick is rather not fired than fired twice.
pub const TICK_SPANS_KEPT: usize = 32;

/// A request for a tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TickClaim {
    /// The schedule.
    pub schedule: ScheduleName,
    /// The tick's own time, as the cron expression gives it.
    pub at: Timestamp,
    /// It is fired after downtime, not when it was due. What the tick's first winner says stays.
    pub late: bool,
    /// The tick before it in the schedule's timetable, with none between the two. `None` for a tick outside of any timetable,
    /// whose span is one millisecond.
    pub after: Option<Timestamp>,
    /// How far the schedule's mark rises where the tick is won: earlier ticks without a record are over then.
    pub passes: Option<Timestamp>,
    /// Who asks.
    pub worker: WorkerId,
    /// How long the lease lasts from now, unless it is extended.
    pub lease: Duration,
}

/// What a request for a tick brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TickClaimed {
    /// The caller has it, and is to fire it.
    Won(TickLease),
    /// Another caller is firing it.
    Taken {
        /// Who.
        worker: WorkerId,
        /// How long until its lease ends.
        ends_in: Duration,
    },
    /// It is over: it was finished, is at or before the schedule's mark, or lies in a span of ticks that are over.
    Over,
}

/// A worker's right to fire a tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TickLease {
    /// The schedule.
    pub schedule: ScheduleName,
    /// The tick's own time.
    pub at: Timestamp,
    /// The fencing token: 1 for the first win of this tick, and one more with each other.
    pub token: u64,
    /// Who holds it.
    pub worker: WorkerId,
    /// It is fired after downtime.
    pub late: bool,
}

/// Where a tick stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TickState {
    /// A worker is firing it, or died while it did.
    Firing,
    /// Its batch is loaded and waits for an earlier one. No one has the tick, and anyone who claims it wins it.
    Waiting,
    /// Its batch is loaded and worked on like any other.
    Fired,
    /// It has no batch, because the one before was outstanding.
    Skipped,
    /// It has no batch, because the manifest could not be loaded.
    Failed,
}

impl TickState {
    /// Whether the tick is finished: no one wins it again.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Fired | Self::Skipped | Self::Failed)
    }

    /// Its name in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Waiting => "waiting",
            Self::Fired => "fired",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

/// What came of firing a tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TickOutcome {
    /// Where the tick stands now. `Firing` is no outcome, and is recorded as `Failed`.
    pub state: TickState,
    /// The batch that it made.
    pub batch: Option<BatchName>,
    /// Why, for people; may be empty.
    pub reason: String,
}

impl TickOutcome {
    /// Where the tick stands after it.
    pub const fn end(&self) -> TickState {
        match self.state {
            TickState::Firing => TickState::Failed,
            state => state,
        }
    }
}

/// A tick as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TickView {
    /// The tick's own time.
    pub at: Timestamp,
    /// Where it stands.
    pub state: TickState,
    /// It was fired after downtime.
    pub late: bool,
    /// Who won it last.
    pub worker: WorkerId,
    /// When the lease ends, while it is being fired.
    pub lease_until: Option<Timestamp>,
    /// When it was won last, or finished, by the store's time.
    pub changed_at: Timestamp,
    /// The batch that it made. It stays while the tick is fired again.
    pub batch: Option<BatchName>,
    /// Why it stands there, for people. It stays while the tick is fired again.
    pub reason: String,
}

/// A span of time whose ticks are all over. Nothing else is known of them any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickSpan {
    /// Ticks after this time,
    pub after: Timestamp,
    /// and up to this one, itself included.
    pub until: Timestamp,
}

impl TickSpan {
    /// Whether a tick at `at` lies in the span.
    pub fn covers(self, at: Timestamp) -> bool {
        self.after < at && at <= self.until
    }
}

/// What a request for the right to run a batch brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchHold {
    /// The caller has it.
    Held,
    /// Another has it.
    Taken {
        /// Who.
        worker: WorkerId,
        /// Since when.
        since: Timestamp,
        /// How long until its right ends, unless it is renewed.
        ends_in: Duration,
    },
}
