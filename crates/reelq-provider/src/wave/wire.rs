//! Wave's replies as they are on the wire, over the four generations of the API that were seen.

use serde::Deserialize;
use serde_json::Value;

use crate::reading::{Moment, Progress, Text, Urls, lenient};

/// A task: the reply to submit and status requests. Older generations wrap it in `data`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TaskBody {
    #[serde(deserialize_with = "lenient")]
    pub(super) task_id: Option<Text>,
    #[serde(deserialize_with = "lenient")]
    pub(super) id: Option<Text>,
    #[serde(deserialize_with = "lenient")]
    pub(super) status: Option<Text>,
    #[serde(deserialize_with = "lenient")]
    pub(super) progress: Option<Progress>,
    pub(super) pre_consumed_cost: Value,
    pub(super) cost: Value,
    #[serde(deserialize_with = "lenient")]
    pub(super) result: Option<TaskResult>,
    #[serde(deserialize_with = "lenient")]
    pub(super) url: Option<Urls>,
    #[serde(deserialize_with = "lenient")]
    pub(super) video_url: Option<Urls>,
    #[serde(deserialize_with = "lenient")]
    pub(super) expires_at: Option<Moment>,
    /// Told by cancel replies.
    #[serde(deserialize_with = "lenient")]
    pub(super) refunded: Option<bool>,
    /// An object, or in the oldest generation the task id alone.
    pub(super) data: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TaskResult {
    /// Objects, or addresses alone, or one of either.
    pub(super) videos: Value,
    #[serde(deserialize_with = "lenient")]
    pub(super) video_url: Option<Urls>,
    #[serde(deserialize_with = "lenient")]
    pub(super) url: Option<Urls>,
    #[serde(deserialize_with = "lenient")]
    pub(super) expires_at: Option<Moment>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct VideoLink {
    #[serde(deserialize_with = "lenient")]
    pub(super) url: Option<Urls>,
    #[serde(deserialize_with = "lenient")]
    pub(super) video_url: Option<Urls>,
    #[serde(deserialize_with = "lenient")]
    pub(super) expires_at: Option<Moment>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Balance {
    pub(super) total_available_usd: Value,
}
