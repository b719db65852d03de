//! A breaker as a store keeps it.

use reelq_model::Timestamp;

use super::Breaker;

/// The breaker that a store keeps for an account.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BreakerView {
    /// The breaker; closed at first.
    pub breaker: Breaker,
    /// Moves with each change of it.
    pub version: u64,
    /// The store's time of all that.
    pub now: Timestamp,
}

impl BreakerView {
    /// What a store's text says. What cannot be read must never keep an account from working.
    pub fn read(text: &[u8], version: u64, now: Timestamp) -> Self {
        let read = |text| {
            serde_json::from_slice(text).unwrap_or_else(|error| {
                tracing::warn!(%error, "an account's breaker cannot be read, and begins anew");
                Breaker::default()
            })
        };
        let breaker = if text.is_empty() { Breaker::default() } else { read(text) };
        Self { breaker, version, now }
    }
}
