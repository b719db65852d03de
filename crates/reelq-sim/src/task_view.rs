//! A task as a dialect shows it.

use reelq_model::Timestamp;

use crate::task::{Phase, SimTask};

/// Everything that a dialect needs to tell a task.
#[derive(Debug)]
pub(crate) struct TaskView<'a> {
    pub(crate) task: &'a SimTask,
    pub(crate) phase: Phase,
    /// Where the vendor's API is reached.
    pub(crate) origin: &'a str,
    /// The link, where the task succeeded and names one.
    pub(crate) link: Option<SimLink>,
}

/// One link to an output.
#[derive(Debug, Clone)]
pub(crate) struct SimLink {
    pub(crate) url: String,
    pub(crate) expires: Timestamp,
}
