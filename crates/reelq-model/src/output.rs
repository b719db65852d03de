//! The files that a remote task produced: where they can be fetched, and where they were put.

use serde::{Deserialize, Serialize};

use crate::{Digest, Timestamp};

/// What kind of file an output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// A video, by the provider's word; what it is, its content decides.
    Video,
    /// Anything else that the provider sends along.
    Other,
}

/// A link to an output, good until it expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputLink {
    /// Where the provider keeps the file.
    pub url: String,
    /// What the file is.
    pub kind: OutputKind,
    /// When the link dies: the provider's word, or its documented lifetime counted from now; `None` where neither is known.
    pub expires_at: Option<Timestamp>,
    /// `expires_at` is not the provider's word but its documented lifetime, counted from the reply.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assumed: bool,
}

/// An output that is in its place, verified unless its note says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// The path relative to the batch's output place, with `/` between its parts.
    pub path: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// The digest of its content.
    pub sha256: Digest,
    /// The link that it came from.
    pub source_url: String,
    /// When that link dies.
    pub expires_at: Option<Timestamp>,
    /// What a person should know of it, or of an output beside it that could not be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
