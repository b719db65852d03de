//! Follows accepted tasks to their end. A time-out of ours is never a failure of the task: past `running_timeout` it is
//! looked at slowly, and never bought again.

mod cancel;
mod plan;
mod poller;
mod reading;
mod schedule;
mod settings;
mod strikes;

pub use plan::PollPlan;
pub use poller::{Parts, Poller};
pub use schedule::Schedule;
pub use settings::{PollSection, PollSettings};
