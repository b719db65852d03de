//! The embedded store keeps the contract.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{path::PathBuf, sync::Arc, time::Duration};

use reelq_model::{ManualClock, SharedClock, Timestamp};
use reelq_store::SharedStore;
use reelq_store_conformance::Subject;
use reelq_store_sqlite::SqliteStore;

struct Sqlite {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    store: SharedStore,
}

impl Sqlite {
    fn path(&self) -> PathBuf {
        self.folder.path().join("state.db")
    }
}

fn subject() -> Sqlite {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(1_800_000_000_000)));
    let shared: SharedClock = clock.clone();
    let store = Arc::new(SqliteStore::open(&folder.path().join("state.db"), shared).unwrap());
    Sqlite { folder, clock, store }
}

impl Subject for Sqlite {
    fn store(&self) -> SharedStore {
        Arc::clone(&self.store)
    }

    fn another(&self) -> SharedStore {
        let clock: SharedClock = self.clock.clone();
        Arc::new(SqliteStore::open(&self.path(), clock).unwrap())
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

reelq_store_conformance::conformance_tests!(subject);
