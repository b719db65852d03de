//! What hinders the fetching of an output, by what comes of it.

use std::time::Duration;

use reelq_http::DownloadError;

use crate::PlaceError;

/// What hinders the fetching of an output.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Try again, after the server's own wait where it named one.
    Later { reason: String, wait: Option<Duration> },
    /// The link is dead.
    Expired(String),
    /// Only a person can help.
    Fatal(String),
}

impl Trouble {
    /// What hinders it.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Later { reason, .. } | Self::Expired(reason) | Self::Fatal(reason) => reason,
        }
    }

    pub(crate) fn later(reason: impl Into<String>) -> Self {
        Self::Later { reason: reason.into(), wait: None }
    }
}

impl From<PlaceError> for Trouble {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Unknown(_) | PlaceError::Taken(_) => {
                Self::Fatal(format!("failed to {}; mend it and `reelq retry`", error.chain()))
            }
            _ => Self::later(error.chain()),
        }
    }
}

impl From<DownloadError> for Trouble {
    fn from(error: DownloadError) -> Self {
        match error {
            DownloadError::Gone { .. } => Self::Expired(error.to_string()),
            DownloadError::Refused { .. } => Self::Fatal(format!("failed to {error}, then `reelq retry`")),
            DownloadError::TooLarge { .. } => Self::Fatal(format!("failed to {error}; raise it, then `reelq retry`")),
            DownloadError::Transient { reason, after } => Self::Later { reason, wait: after },
            other => Self::later(other.to_string()),
        }
    }
}
