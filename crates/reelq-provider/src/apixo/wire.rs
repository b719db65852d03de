//! APIXO's replies as they are on the wire.

use serde::Deserialize;

use crate::reading::{Text, Urls, lenient};

/// The envelope of every reply: `{code, message, data}`. Code and message are read where complaints are.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Envelope {
    #[serde(deserialize_with = "lenient")]
    pub(super) data: Option<TaskBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TaskBody {
    #[serde(deserialize_with = "lenient")]
    pub(super) task_id: Option<Text>,
    #[serde(deserialize_with = "lenient")]
    pub(super) state: Option<Text>,
    /// JSON in a text; an object is taken too.
    #[serde(deserialize_with = "lenient")]
    pub(super) result_json: Option<serde_json::Value>,
    #[serde(deserialize_with = "lenient")]
    pub(super) fail_code: Option<Text>,
    #[serde(deserialize_with = "lenient")]
    pub(super) fail_msg: Option<Text>,
}

/// What `resultJson` holds.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TaskResult {
    #[serde(deserialize_with = "lenient")]
    pub(super) result_urls: Option<Urls>,
}
