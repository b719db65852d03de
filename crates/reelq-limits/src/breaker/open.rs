//! An open breaker.

use reelq_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::Fault;
use crate::{Pause, PauseReason};

/// Why it is open, since when, and when it looks next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// What opened it.
    pub fault: Fault,
    /// What was seen last.
    pub message: String,
    /// When it opened.
    pub since: Timestamp,
    /// Bad outcomes in a row, those that opened it included.
    pub count: u32,
    /// Probes that ended in vain.
    pub probes: u32,
    /// When the next probe is due; while one is under way, when it ends at the latest.
    pub next: Timestamp,
}

impl Open {
    /// The pause that holds everybody until the next probe.
    pub(super) fn pause(&self) -> Pause {
        let reason = PauseReason::Breaker {
            fault: self.fault,
            message: self.message.clone(),
            count: self.count,
            probes: self.probes,
        };
        Pause { reason, since: self.since, until: Some(self.next) }
    }
}
