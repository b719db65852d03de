//! What opening a place needs besides its address.

use std::{collections::BTreeMap, fmt, path::PathBuf};

/// The variables of the environment that say how to reach S3, with the options they stand for.
const VARIABLES: [(&str, &str); 8] = [
    ("AWS_ACCESS_KEY_ID", "aws_access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "aws_secret_access_key"),
    ("AWS_SESSION_TOKEN", "aws_session_token"),
    ("AWS_DEFAULT_REGION", "aws_region"),
    ("AWS_REGION", "aws_region"),
    ("AWS_ENDPOINT_URL", "aws_endpoint"),
    ("AWS_ENDPOINT_URL_S3", "aws_endpoint"),
    ("AWS_ALLOW_HTTP", "aws_allow_http"),
];

/// What opening a place needs besides its address.
#[derive(Clone, Default)]
pub struct StorageOptions {
    /// The local folder of unfinished files where the place is not a folder itself.
    pub scratch: PathBuf,
    /// Options of the S3 client by name; secrets among them.
    pub s3: BTreeMap<String, String>,
}

impl StorageOptions {
    /// Reads the S3 options from the environment, through `variable`.
    pub fn from_environment(scratch: PathBuf, variable: impl Fn(&str) -> Option<String>) -> Self {
        let given = VARIABLES.into_iter().filter_map(|(name, option)| Some((option.to_owned(), variable(name)?)));
        Self { scratch, s3: given.collect() }
    }
}

impl fmt::Debug for StorageOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageOptions").field("scratch", &self.scratch).finish_non_exhaustive()
    }
}
