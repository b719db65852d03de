//! Wave's replies as they are on the wire, over the four generations of the API that were seen. Task ids and outputs are
//! read where they are the same for every vendor.

use serde::Deserialize;
use serde_json::Value;

use crate::reading::{Progress, Text, lenient};

/// Where a submit reply names its task, as documented.
pub(super) const TASK_ID: &[&str] = &["/task_id", "/data/task_id", "/data"];

/// A task: the reply to submit and status requests. Older generations wrap it in `data`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WaveTaskBody {
    #[serde(deserialize_with = "lenient")]
    pub(super) status: Option<Text>,
    #[serde(deserialize_with = "lenient")]
    pub(super) progress: Option<Progress>,
    pub(super) cost: Value,
    /// Told by cancel replies.
    #[serde(deserialize_with = "lenient")]
    pub(super) refunded: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    pub(super) settled: Option<bool>,
    pub(super) created_at: Value,
    pub(super) completed_at: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Balance {
    pub(super) total_available_usd: Value,
}
