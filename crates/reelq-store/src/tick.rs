//! Ticks: asking for one, holding it, and what became of it.

use std::time::Duration;

use reelq_model::{BatchName, ScheduleName, Timestamp, WorkerId};
use serde::{Deserialize, Serialize};

/// A request for a tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TickClaim {
    /// The schedule.
    pub schedule: ScheduleName,
    /// The tick's own time, as the cron expression gives it.
    pub at: Timestamp,
    /// It is fired after downtime, not when it was due. Kept with the record of the tick's first winner.
    pub late: bool,
    /// The tick before it in the schedule's timetable: between the two there is none. `None` of one that is in no timetable.
    pub after: Option<Timestamp>,
    /// Where the tick is won, the schedule's mark rises to here: earlier ticks without a record are over.
    pub passes: Option<Timestamp>,
    /// Who asks.
    pub worker: WorkerId,
    /// How long the lease lasts unless extended.
    pub lease: Duration,
}

/// What a request for a tick brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TickClaimed {
    /// The caller is to fire it.
    Won(TickLease),
    /// Another caller is firing it.
    Taken {
        /// Who.
        worker: WorkerId,
        /// When its lease ends, from now.
        ends_in: Duration,
    },
    /// It was finished, it lies at or before the schedule's mark, or in a span of ticks that are over.
    Over,
}

/// The right to fire a tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TickLease {
    /// The schedule.
    pub schedule: ScheduleName,
    /// The tick's own time.
    pub at: Timestamp,
    /// The fencing token: it grows with every win of this tick, from 1.
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
    /// Somebody is firing it, or died while doing so.
    Firing,
    /// Its batch is loaded and waits for an earlier one. Nobody holds it; whoever claims it wins it.
    Waiting,
    /// Its batch is loaded and worked on like any other.
    Fired,
    /// It has no batch: the one before was outstanding.
    Skipped,
    /// It has no batch: the manifest could not be loaded.
    Failed,
}

impl TickState {
    /// Whether the tick is finished: nobody wins it again.
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
    /// Where it stands now. `Firing` is no outcome, and is recorded as `Failed`.
    pub state: TickState,
    /// The batch that it made.
    pub batch: Option<BatchName>,
    /// Why, for people; may be empty.
    pub reason: String,
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
    /// While it is being fired: when the lease ends.
    pub lease_until: Option<Timestamp>,
    /// When it was won last, or finished.
    pub changed_at: Timestamp,
    /// The batch that it made.
    pub batch: Option<BatchName>,
    /// Why it stands there, for people.
    pub reason: String,
}

/// A span of time all of whose ticks are over, though nothing else is known of them any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickSpan {
    /// Ticks after this time,
    pub after: Timestamp,
    /// and up to this one, itself included.
    pub until: Timestamp,
}

impl TickSpan {
    /// Whether a tick at `at` lies in it.
    pub fn covers(self, at: Timestamp) -> bool {
        self.after < at && at <= self.until
    }
}

/// What asking for the right to run a batch brought.
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
        /// When its right ends unless it is renewed, from now.
        ends_in: Duration,
    },
}
