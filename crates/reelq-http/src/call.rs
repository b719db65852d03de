//! Why a free request (status, cancel, balance) brought no reply.

/// Why a request brought no reply at all. Never holds a key, nor an address with a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The request cannot be put on the wire; a bug or a hostile task id.
    #[error("build the request for {path}")]
    Unbuildable {
        /// Its path.
        path: String,
    },
    /// No connection came about: nothing was sent.
    #[error("connect to {origin}: {reason}")]
    Connect {
        /// The account's origin.
        origin: String,
        /// What came of trying.
        reason: String,
    },
    /// The connection broke or a deadline passed after something may have been sent.
    #[error("get a reply from {origin}: {reason}")]
    Interrupted {
        /// The account's origin.
        origin: String,
        /// What came of trying.
        reason: String,
    },
    /// The server points elsewhere. The key does not follow.
    #[error(
        "get a reply from {origin}: it answered {status} and points to {target}; set base_url to the right address"
    )]
    Redirected {
        /// The account's origin.
        origin: String,
        /// The HTTP status code.
        status: u16,
        /// Where it points, without query.
        target: String,
    },
}

impl CallError {
    /// Whether it is certain that no byte of the request reached the server.
    pub const fn is_unsent(&self) -> bool {
        matches!(self, Self::Unbuildable { .. } | Self::Connect { .. })
    }
}
