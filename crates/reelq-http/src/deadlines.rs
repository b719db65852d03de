//! How long a request may take, in each of its parts.

use std::time::Duration;

/// How long a request may take, in each of its parts. No part is without a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Name lookup, TCP and TLS together.
    pub connect: Duration,
    /// Silence of the server, before or within the reply.
    pub read: Duration,
    /// The whole exchange.
    pub total: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), read: Duration::from_secs(30), total: Duration::from_secs(30) }
    }
}
