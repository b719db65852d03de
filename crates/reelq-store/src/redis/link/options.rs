//! How a link behaves; everything but the address has a default.

use std::time::Duration;

/// What a link may wait for, and how much.
#[derive(Debug, Clone)]
pub struct LinkOptions {
    /// How long making a connection may take, with everything that is asked at its beginning.
    pub connect_timeout: Duration,
    /// How long an answer may take.
    pub response_timeout: Duration,
    /// How many calls may be under way at once; the next ones wait, and give up after `response_timeout`.
    pub calls: usize,
    /// How long nothing new is bought after the server was restarted or replaced, unless it writes every command to
    /// disk before it answers: the time that every worker has to teach it what it may have forgotten.
    pub hold: Duration,
    /// The longest pause between two attempts to connect.
    pub longest_pause: Duration,
    /// What the pauses' jitter comes from; differs between processes.
    pub seed: u64,
}

impl Default for LinkOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(10),
            calls: 256,
            hold: Duration::from_secs(5),
            longest_pause: Duration::from_secs(2),
            seed: u64::from(std::process::id()),
        }
    }
}
