//! Schedules: when their ticks are, and firing each of them once, whoever else watches and whoever dies.
//!
//! What is due is pure arithmetic over the schedule's mark and the store's time; who fires it is the store's word.

mod due;
mod entry;
mod expression;
mod firing;
mod overlap;
mod scheduler;
mod steps;
mod timetable;
mod zone;

pub use due::{Due, GRACE};
pub use entry::{CatchUp, Overlap, Schedule, folder_of};
pub use expression::{CronError, Expression};
pub use firing::{Fired, Orders};
pub use scheduler::Scheduler;
pub use timetable::Timetable;
pub use zone::{Zone, ZoneError};
