//! The store in memory keeps the contract.

use std::{sync::Arc, time::Duration};

use reelq_model::{ManualClock, SharedClock, Timestamp};
use reelq_store::SharedStore;
use reelq_store_conformance::Subject;
use reelq_testkit::MemoryStore;

struct Memory {
    clock: Arc<ManualClock>,
    store: MemoryStore,
}

fn subject() -> Memory {
    let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(1_800_000_000_000)));
    let shared: SharedClock = clock.clone();
    Memory { store: MemoryStore::new(shared), clock }
}

impl Subject for Memory {
    fn store(&self) -> SharedStore {
        Arc::new(self.store.clone())
    }

    fn another(&self) -> SharedStore {
        self.store()
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

reelq_store_conformance::conformance_tests!(subject);
