//! What a store's tests hand to the suite.

use std::time::Duration;

use reelq_store::SharedStore;

/// A fresh, empty store whose time stands still until it is told to move.
pub trait Subject: Send + Sync {
    /// The store, as this process has it open.
    fn store(&self) -> SharedStore;

    /// Opens the same state once more, as another process would.
    fn another(&self) -> SharedStore;

    /// Moves the store's time on.
    fn advance(&self, by: Duration);
}
