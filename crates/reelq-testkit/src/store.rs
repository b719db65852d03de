//! The store that a test works on.

use std::{path::Path, sync::Arc};

use reelq_model::{JobId, ManualClock, SharedClock, SystemClock};
use reelq_store::{BatchDraft, LineDraft, Pause, SharedStore};
use reelq_store_sqlite::SqliteStore;

use crate::sample;

/// A store in a folder of its own, which goes with it.
#[derive(Debug)]
pub struct TestStore {
    /// The store.
    pub store: SharedStore,
    /// Its clock.
    pub clock: SharedClock,
    folder: tempfile::TempDir,
}

impl TestStore {
    /// A store whose time stands at [`sample::NOW`].
    pub fn with_standing_clock() -> Self {
        Self::with_clock(Arc::new(ManualClock::starting_at(sample::NOW)))
    }

    /// A store on the clock of the machine.
    pub fn with_real_clock() -> Self {
        Self::with_clock(Arc::new(SystemClock::new()))
    }

    /// A store on `clock`.
    pub fn with_clock(clock: SharedClock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), Arc::clone(&clock));
        Self { store, clock, folder }
    }

    /// The same state as another process has it open.
    pub fn another(&self) -> SharedStore {
        open(self.folder.path(), Arc::clone(&self.clock))
    }

    /// The pauses of [`sample::account`].
    pub async fn pauses(&self) -> Vec<Pause> {
        let accounts = self.store.accounts().await.unwrap();
        let own = accounts.into_iter().find(|view| view.name == sample::account());
        own.map(|view| view.pauses).unwrap_or_default()
    }
}

/// Opens the store in `folder`, again where it exists.
pub fn open(folder: &Path, clock: SharedClock) -> SharedStore {
    Arc::new(SqliteStore::open(&folder.join("state.db"), clock).unwrap())
}

/// Loads a batch with these rows; gives their jobs.
pub async fn load(store: &SharedStore, batch: &BatchDraft, lines: &[LineDraft]) -> Vec<JobId> {
    let load = store.begin_import(batch).await.unwrap();
    store.add_to_import(&load, lines).await.unwrap();
    store.commit_import(&load).await.unwrap();
    lines.iter().map(LineDraft::id).collect()
}
