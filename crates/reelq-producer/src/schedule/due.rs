//! Which ticks are to be fired now. Pure: a schedule, until when its ticks are over, and the time decide.

use std::time::Duration;

use reelq_model::Timestamp;

use super::{CatchUp, Schedule};

/// A tick that is fired at most so late counts as on time; later, it was missed.
pub const GRACE: Duration = Duration::from_mins(1);

/// What is to be done about a schedule at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Ticks to fire, the oldest first.
    pub on_time: Vec<Timestamp>,
    /// The missed tick to fire.
    pub late: Option<Timestamp>,
    /// Ticks up to here that were not begun are over once one of these is won.
    pub passes: Timestamp,
    /// When the next tick is due; `None` where there is none.
    pub next: Option<Timestamp>,
}

impl Due {
    /// What is due at `now` of a schedule whose ticks up to `over_until` are over.
    pub fn at(schedule: &Schedule, over_until: Timestamp, now: Timestamp) -> Self {
        let fresh = now.before(GRACE);
        let mut due = Self { passes: fresh.before(schedule.jitter), ..Self::default() };
        for tick in schedule.timetable.ticks(over_until.max(due.passes)) {
            let at = schedule.due(tick);
            if at > now {
                due.next = Some(at);
                break;
            }
            if at >= fresh {
                due.on_time.push(tick);
            }
        }
        if due.on_time.is_empty() && schedule.catch_up == CatchUp::Latest {
            due.late = missed(schedule, fresh).filter(|tick| *tick > over_until);
            due.passes = due.late.unwrap_or(due.passes);
        }
        due
    }
}

/// The newest tick that was due before `fresh`.
fn missed(schedule: &Schedule, fresh: Timestamp) -> Option<Timestamp> {
    let mut tick = schedule.timetable.until(fresh)?;
    while schedule.due(tick) >= fresh {
        tick = schedule.timetable.until(tick.before(Duration::from_millis(1)))?;
    }
    Some(tick)
}
