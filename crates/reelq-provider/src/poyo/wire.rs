//! PoYo's replies as they are on the wire.

use serde::Deserialize;

use crate::reading::{Progress, Text, Urls, lenient};

/// The envelope: `{code, data}`, or `{code, error{message, type}}`, which is read where complaints are.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Envelope {
    #[serde(deserialize_with = "lenient")]
    pub(super) data: Option<TaskBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TaskBody {
    #[serde(deserialize_with = "lenient")]
    pub(super) task_id: Option<Text>,
    #[serde(deserialize_with = "lenient")]
    pub(super) status: Option<Text>,
    #[serde(deserialize_with = "lenient")]
    pub(super) progress: Option<Progress>,
    #[serde(deserialize_with = "lenient")]
    pub(super) files: Option<Vec<File>>,
    #[serde(deserialize_with = "lenient")]
    pub(super) error_message: Option<Text>,
    #[serde(deserialize_with = "lenient")]
    pub(super) error_code: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct File {
    #[serde(deserialize_with = "lenient")]
    pub(super) file_url: Option<Urls>,
    #[serde(deserialize_with = "lenient")]
    pub(super) file_type: Option<Text>,
}
