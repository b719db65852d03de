//! The ticks of an expression in a time zone. Pure: which instants they are depends on nothing else.
//!
//! An expression that names hours means wall clock times: each happens once, whatever the clocks do. One that has ticks in
//! every hour means time that passes.

use croner::Cron;
use jiff::{Timestamp as Instant, civil::DateTime};
use reelq_model::Timestamp;

use super::{Expression, Zone};

/// When a schedule's ticks are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timetable {
    expression: Expression,
    zone: Zone,
}

impl Timetable {
    /// The ticks of `expression` in `zone`.
    pub const fn new(expression: Expression, zone: Zone) -> Self {
        Self { expression, zone }
    }

    /// Its expression.
    pub const fn expression(&self) -> &Expression {
        &self.expression
    }

    /// Its time zone.
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The first tick after `time`; `None` where there is none in all time to come.
    pub fn after(&self, time: Timestamp) -> Option<Timestamp> {
        let time = instant(time)?;
        let found = if self.expression.is_hourly() {
            self.cron().find_next_occurrence(&self.zone.at(time), false).ok()?.timestamp()
        } else {
            // Ticks of a wall clock come in its order, but several may fall on the same instant, or on one that has passed.
            let mut walls = Walls::from(self.cron(), self.zone.at(time).datetime(), true);
            walls.find_map(|wall| self.zone.instant_of(wall).filter(|at| *at > time))?
        };
        Some(timestamp(found))
    }

    /// The last tick at or before `time`.
    pub fn until(&self, time: Timestamp) -> Option<Timestamp> {
        let time = instant(time)?;
        let found = if self.expression.is_hourly() {
            self.cron().find_previous_occurrence(&self.zone.at(time), true).ok()?.timestamp()
        } else {
            let mut walls = Walls::from(self.cron(), self.zone.latest_shown(time), false);
            walls.find_map(|wall| self.zone.instant_of(wall).filter(|at| *at <= time))?
        };
        Some(timestamp(found))
    }

    /// The ticks after `time`.
    pub fn ticks(&self, time: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        std::iter::successors(self.after(time), |tick| self.after(*tick))
    }

    const fn cron(&self) -> &Cron {
        self.expression.cron()
    }
}

/// The wall clock times that match, away from one of them, itself included.
struct Walls<'a> {
    cron: &'a Cron,
    next: Option<DateTime>,
    forward: bool,
}

impl<'a> Walls<'a> {
    fn from(cron: &'a Cron, wall: DateTime, forward: bool) -> Self {
        let mut walls = Self { cron, next: None, forward };
        walls.next = walls.step(wall, true);
        walls
    }

    fn step(&self, wall: DateTime, inclusive: bool) -> Option<DateTime> {
        let found = if self.forward {
            self.cron.find_next_occurrence(&wall, inclusive)
        } else {
            self.cron.find_previous_occurrence(&wall, inclusive)
        };
        found.ok()
    }
}

impl Iterator for Walls<'_> {
    type Item = DateTime;
    fn next(&mut self) -> Option<DateTime> {
        let wall = self.next?;
        self.next = self.step(wall, false);
        Some(wall)
    }
}

fn instant(time: Timestamp) -> Option<Instant> {
    Instant::from_millisecond(time.millis()).ok()
}

fn timestamp(instant: Instant) -> Timestamp {
    // Ticks lie on whole seconds.
    Timestamp::from_millis(instant.as_second().saturating_mul(1_000))
}
