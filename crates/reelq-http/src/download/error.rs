//! Why a file was not fetched, by what can be done about it.

use std::time::Duration;

use url::Url;

/// Why a file was not fetched, by what can be done about it. Links are shown without their queries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The link is dead: ask the provider for a fresh one.
    #[error("fetch the file: its link is dead ({status})")]
    Gone {
        /// The HTTP status code.
        status: u16,
    },
    /// The link must not be followed; only a person can change that.
    #[error("fetch {link}: {why}")]
    Refused {
        /// Where it points, without query.
        link: String,
        /// Which rule it breaks, and what can be done about it, if anything.
        why: String,
    },
    /// Something that passes: try again.
    #[error("fetch the file: {reason}")]
    Transient {
        /// What came of trying.
        reason: String,
        /// The server's own wait.
        after: Option<Duration>,
    },
    /// The file is longer than is taken.
    #[error("fetch the file: it is longer than `[downloads] max_bytes` ({max_bytes} bytes)")]
    TooLarge {
        /// The longest that is taken.
        max_bytes: u64,
    },
}

impl DownloadError {
    pub(crate) fn refused(url: &Url, why: &str) -> Self {
        let host = url.host_str().map(|host| format!("{}://{host}", url.scheme()));
        Self::Refused { link: host.unwrap_or_else(|| url.scheme().to_owned()), why: why.to_owned() }
    }

    /// The same where a person may trust the host all the same.
    pub(crate) fn untrusted(url: &Url, why: &str) -> Self {
        Self::refused(url, &format!("{why}; add the host to `[downloads] allow_hosts` if it is to be trusted"))
    }

    pub(crate) fn transient(reason: impl Into<String>) -> Self {
        Self::Transient { reason: reason.into(), after: None }
    }
}
