//! Why a job failed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of failure ended a submission; it decides who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The provider's moderation refused prompt, image or result: the row must change.
    Content,
    /// The provider found the request invalid: the row must change.
    Invalid,
    /// A fault that passes: the same request may succeed later.
    Transient,
    /// The provider failed in a way that repeating will not fix.
    Provider,
    /// The provider no longer has the task or its output.
    Expired,
    /// The task succeeded, but its output could not be fetched or verified; it is fetched again, never bought again.
    Output,
    /// A person gave the row up while its fate was unknown.
    GivenUp,
}

impl FailureKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 7] =
        [Self::Content, Self::Invalid, Self::Transient, Self::Provider, Self::Expired, Self::Output, Self::GivenUp];

    /// The word used in result manifests, filters and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Invalid => "invalid",
            Self::Transient => "transient",
            Self::Provider => "provider",
            Self::Expired => "expired",
            Self::Output => "output",
            Self::GivenUp => "given_up",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A failure as the user will read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// The provider's code, where it gave one.
    pub code: Option<String>,
    /// The provider's message or ours; never holds a secret.
    pub message: String,
}

impl Failure {
    /// A failure without a provider's code.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, code: None, message: message.into() }
    }

    /// Adds the provider's code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} ({code})", self.message),
            None => f.write_str(&self.message),
        }
    }
}
