//! Follows accepted tasks to their end. A time-out of ours is never a failure of the task: past `running_timeout` it is
//! polled slowly, and never bought again.

mod cancel;
mod ends;
mod plan;
mod poll_context;
mod poller;
mod refusal;
mod schedule;
mod seen;
mod settings;
mod status_events;

pub use plan::PollPlan;
pub use poller::{Poller, PollerParts};
pub use schedule::PollSchedule;
pub use settings::{PollSection, PollSettings};
