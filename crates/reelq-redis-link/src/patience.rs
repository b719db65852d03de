//! How long calls are repeated while the server is unreachable; changed while the link is in use.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How long a call is repeated while the server is unreachable. Clones share it: whoever repeats calls by himself sets it to
/// zero for as long.
#[derive(Debug, Clone, Default)]
pub struct Patience(Arc<AtomicU64>);

impl Patience {
    /// So long.
    pub fn new(lasts: Duration) -> Self {
        let patience = Self::default();
        patience.set(lasts);
        patience
    }

    /// Changes it, for calls under way as well.
    pub fn set(&self, lasts: Duration) {
        self.0.store(u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How long it lasts.
    pub fn get(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}
