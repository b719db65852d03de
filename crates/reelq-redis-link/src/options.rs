//! How a link behaves; everything but the address has a default.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{patience::Patience, secret::SecretSource};

/// What a link may wait for, and how much.
#[derive(Debug, Clone)]
pub struct LinkOptions {
    /// The password, where the address holds none; it wins over the address's.
    pub password: Option<SecretSource>,
    /// The user and the password that the sentinels ask for. Theirs are not the server's.
    pub sentinel_user: Option<String>,
    /// See `sentinel_user`.
    pub sentinel_password: Option<SecretSource>,
    /// Certificates, where the address asks for TLS; read anew for each connection.
    pub tls: TlsFiles,
    /// Whether a purchase waits until its intent is on the server's disk.
    pub durability: Durability,
    /// How long making a connection may take, with everything that is asked at its beginning.
    pub connect_timeout: Duration,
    /// How long an answer may take.
    pub response_timeout: Duration,
    /// How long a login or certificate that is refused is tried again, where a server took one before: it is being rotated.
    pub login_patience: Duration,
    /// How long a call is repeated while the server is unreachable.
    pub patience: Patience,
    /// How many calls may be under way at once; the next ones wait, and give up after `response_timeout`.
    pub calls: usize,
    /// How many calls may wait for the disk at once, each on a connection of its own.
    pub durable_calls: usize,
    /// The longest pause between two attempts to connect.
    pub longest_pause: Duration,
    /// What the pauses' jitter comes from; differs between processes.
    pub seed: u64,
}

/// Files of certificates, PEM. The system's authorities are always trusted as well.
#[derive(Debug, Clone, Default)]
pub struct TlsFiles {
    /// Further authorities that may have signed the server's certificate.
    pub authorities: Option<PathBuf>,
    /// Our own certificate, where the server asks for one; needs `key`.
    pub certificate: Option<PathBuf>,
    /// The key of our own certificate.
    pub key: Option<PathBuf>,
}

/// How much of the last second a crash of the server may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// Before each paid request, the server has its intent on disk. A server that cannot promise it is refused.
    Strict,
    /// What the server forgets is learned again from the workers' journals.
    #[default]
    Normal,
}

impl Default for LinkOptions {
    fn default() -> Self {
        Self {
            password: None,
            sentinel_user: None,
            sentinel_password: None,
            tls: TlsFiles::default(),
            durability: Durability::default(),
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(10),
            login_patience: Duration::from_secs(30),
            patience: Patience::default(),
            calls: 256,
            durable_calls: 4,
            longest_pause: Duration::from_secs(2),
            seed: u64::from(std::process::id()),
        }
    }
}
