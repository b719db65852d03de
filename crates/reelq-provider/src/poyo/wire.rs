//! PoYo's replies as they are on the wire: an envelope `{code, data}`, or `{code, error{message, type}}`. Complaints, task
//! ids and outputs are read where they are the same for every vendor.

use serde::Deserialize;

use crate::reading::{Progress, Text, lenient};

/// Where a submit reply names its task, as documented.
pub(super) const TASK_ID: &[&str] = &["/data/task_id"];

/// What `data` holds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PoyoTaskBody {
    #[serde(deserialize_with = "lenient")]
    pub(super) status: Option<Text>,
    #[serde(deserialize_with = "lenient")]
    pub(super) progress: Option<Progress>,
    #[serde(deserialize_with = "lenient")]
    pub(super) error_message: Option<Text>,
    #[serde(deserialize_with = "lenient")]
    pub(super) error_code: Option<Text>,
}
