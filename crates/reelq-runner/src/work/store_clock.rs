//! The store's time as a clock: what vendors say of times is kept, and compared, in that time.

use std::time::Duration;

use reelq_model::{Clock, SharedClock, Timestamp};
use reelq_store::SharedStore;

/// Shows the store's time.
#[derive(Debug)]
pub(super) struct StoreClock {
    pub store: SharedStore,
    /// The machine's.
    pub clock: SharedClock,
}

impl Clock for StoreClock {
    fn now(&self) -> Timestamp {
        self.store.time()
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn counter(&self) -> Option<(&str, Duration)> {
        self.clock.counter()
    }
}
