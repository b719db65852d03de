//! Schedules: when their ticks are, and firing each of them once, whoever else watches and whoever dies.
//!
//! What is due is pure arithmetic over until when the schedule's ticks are over and the store's time; who fires it is the store's word.

mod due;
mod entry;
mod expression;
mod overlap;
mod scheduler;
mod steps;
mod tick_runner;
mod timetable;
mod zone;

pub use due::{Due, GRACE};
pub use entry::{CatchUp, Overlap, Schedule, folder_of};
pub use expression::{CronError, Expression};
pub use scheduler::Scheduler;
pub use tick_runner::{Fired, Orders};
pub use timetable::Timetable;
pub use zone::{Zone, ZoneError};
