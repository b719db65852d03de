//! What is known of the provider's task.

use serde::{Deserialize, Serialize};

use crate::{Digest, TaskId, Timestamp};

/// The provider's task that a submission started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteTask {
    /// The provider's id.
    pub id: TaskId,
    /// The number of the submission that started it.
    pub submission: u32,
    /// When its acceptance was recorded.
    pub accepted_at: Timestamp,
    /// Status requests answered so far.
    pub polls: u32,
    /// The provider's last status word, as it wrote it.
    pub word: Option<String>,
    /// The provider's last progress figure, 0 to 100.
    pub progress: Option<u8>,
    /// It ran longer than the account's `running_timeout`; it is polled slowly and never bought again.
    pub overdue: bool,
    /// The mark of the key and address that its submission was sent with: under any other, "no such task" says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Digest>,
}

impl RemoteTask {
    /// A task that was accepted just now.
    pub const fn accepted(id: TaskId, submission: u32, at: Timestamp) -> Self {
        Self { id, submission, accepted_at: at, polls: 0, word: None, progress: None, overdue: false, mark: None }
    }
}
