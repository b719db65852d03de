//! APIXO's replies as they are on the wire: an envelope `{code, message, data}`. Code, message, task ids and outputs are
//! read where they are the same for every vendor.

use serde::Deserialize;
use serde_json::Value;

use crate::reading::{Text, lenient};

/// Where a submit reply names its task, as documented.
pub(super) const TASK_ID: &[&str] = &["/data/taskId"];

/// What `data` holds. Its `resultJson` is JSON in a text.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ApixoTaskBody {
    #[serde(deserialize_with = "lenient")]
    pub(super) state: Option<Text>,
    #[serde(deserialize_with = "lenient")]
    pub(super) fail_code: Option<Text>,
    #[serde(deserialize_with = "lenient")]
    pub(super) fail_msg: Option<Text>,
    pub(super) create_time: Value,
    pub(super) complete_time: Value,
}
