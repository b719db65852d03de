//! Why an output could not be fetched, by what follows from it.

use std::time::Duration;

use reelq_http::DownloadError;

use crate::PlaceError;

/// Why an output could not be fetched.
#[derive(Debug)]
pub(crate) enum FetchError {
    /// Something on this side: the store, the disk, another worker at the same file. It passes.
    Here(String),
    /// The output place did not take the file: it may take others, or none.
    Place(String),
    /// The link does not give the file; it may do so later.
    Late(Late),
    /// The output place cannot be used until a person changes something.
    Fatal(String),
}

/// What a link gave in place of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Late {
    pub(crate) reason: String,
    /// The server's own wait, where it named one.
    pub(crate) wait: Option<Duration>,
    pub(crate) cause: Cause,
}

/// Whose word it is that the file cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The server's: there is no such file, or not for us.
    Gone,
    /// The server's: it gave something else, or only a part.
    Content,
    /// The server's: a whole file, but a picture or a sound in place of the video.
    OtherKind,
    /// No one's: it was not reached, or had errors of its own.
    Unreachable,
    /// This configuration's: it does not allow such a link or such a length.
    NotAllowed,
}

impl FetchError {
    /// What the link gave is not the file.
    pub(crate) const fn not_the_file(reason: String, cause: Cause) -> Self {
        Self::Late(Late { reason, wait: None, cause })
    }

    /// The error in words.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Here(reason) | Self::Place(reason) | Self::Fatal(reason) | Self::Late(Late { reason, .. }) => reason,
        }
    }
}

impl From<PlaceError> for FetchError {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Unknown(_) | PlaceError::Taken(_) => {
                Self::Fatal(format!("failed to {}; fix it, then `reelq retry` fetches the file again", error.chain()))
            }
            _ => Self::Place(error.chain()),
        }
    }
}

impl From<DownloadError> for FetchError {
    fn from(error: DownloadError) -> Self {
        let (cause, wait) = match &error {
            DownloadError::Gone { .. } => (Cause::Gone, None),
            DownloadError::Refused { .. } | DownloadError::TooLarge { .. } => (Cause::NotAllowed, None),
            DownloadError::Transient { after, .. } => (Cause::Unreachable, *after),
            _ => (Cause::Unreachable, None),
        };
        let reason = match &error {
            DownloadError::Gone { status } => format!("fetch the file: the server answered {status}"),
            other => other.to_string(),
        };
        Self::Late(Late { reason, wait, cause })
    }
}
