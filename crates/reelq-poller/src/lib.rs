//! Follows accepted tasks to their end. A time-out of ours is never a failure of the task: past `running_timeout` it is
//! looked at slowly, and never bought again.

mod cancel;
mod ends;
mod look;
mod plan;
mod poller;
mod reading;
mod refusal;
mod schedule;
mod seen;
mod settings;

pub use plan::PollPlan;
pub use poller::{Poller, PollerParts};
pub use schedule::Schedule;
pub use settings::{PollSection, PollSettings};
