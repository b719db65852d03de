//! The store that a test works on.

use std::sync::Arc;

use reelq_model::{JobId, ManualClock, SharedClock, SystemClock};
use reelq_store::{BatchDraft, LineDraft, Pause, SharedStore};

use crate::{MemoryStore, sample};

/// A store in memory, which goes with it.
#[derive(Debug)]
pub struct TestStore {
    /// The store.
    pub store: SharedStore,
    /// Its clock.
    pub clock: SharedClock,
    own: MemoryStore,
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
        let own = MemoryStore::new(Arc::clone(&clock));
        Self { store: Arc::new(own.clone()), clock, own }
    }

    /// The same state as another process has it open.
    pub fn another(&self) -> SharedStore {
        Arc::new(self.own.clone())
    }

    /// The pauses of [`sample::account`].
    pub async fn pauses(&self) -> Vec<Pause> {
        let accounts = self.store.accounts().await.unwrap();
        let own = accounts.into_iter().find(|view| view.name == sample::account());
        own.map(|view| view.pauses).unwrap_or_default()
    }
}

/// Loads a batch with these rows; gives their jobs.
pub async fn load(store: &SharedStore, batch: &BatchDraft, lines: &[LineDraft]) -> Vec<JobId> {
    let load = store.begin_import(batch).await.unwrap();
    store.add_to_import(&load, lines).await.unwrap();
    store.commit_import(&load).await.unwrap();
    lines.iter().map(LineDraft::id).collect()
}
