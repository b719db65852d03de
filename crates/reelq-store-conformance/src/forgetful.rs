//! A store on disk that can be away for a while, and that can be put back to an earlier state, as a Redis that loses what
//! it acknowledged.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use reelq_model::{SharedClock, Timestamp};
use reelq_store::{Error, Result, SharedStore, StoreDecorator};

const STATE: &str = "state.db";
const FILES: [&str; 3] = [STATE, "state.db-wal", "state.db-shm"];

/// Opens the state file at a path.
pub type Opener = fn(&Path, SharedClock) -> SharedStore;

/// An embedded store under a test's hand.
pub struct Forgetful {
    folder: PathBuf,
    clock: SharedClock,
    opens: Opener,
    inner: RwLock<Option<SharedStore>>,
    away: AtomicBool,
    epoch: AtomicU64,
}

impl fmt::Debug for Forgetful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forgetful").finish_non_exhaustive()
    }
}

impl Forgetful {
    /// Opens a state in `folder`.
    pub fn open(folder: &Path, clock: SharedClock, opens: Opener) -> Self {
        let store = opens(&folder.join(STATE), Arc::clone(&clock));
        Self {
            folder: folder.to_owned(),
            clock,
            opens,
            inner: RwLock::new(Some(store)),
            away: AtomicBool::new(false),
            epoch: AtomicU64::new(1),
        }
    }

    /// Whether every verb fails as if the store were out of reach.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Keeps the present state in `copy`, a new folder. The store is away for as long as it takes.
    pub async fn remember(&self, copy: &Path) {
        self.between(|| {
            std::fs::create_dir_all(copy).unwrap();
            for file in FILES.iter().filter(|file| self.folder.join(file).exists()) {
                std::fs::copy(self.folder.join(file), copy.join(file)).unwrap();
            }
        })
        .await;
    }

    /// Puts the state back to what `copy` holds: all that was acknowledged since is forgotten, and another server answers.
    pub async fn forget(&self, copy: &Path) {
        self.between(|| {
            // A server that forgets has no witness beside it.
            std::fs::remove_file(self.folder.join("state.seen")).ok();
            for file in FILES {
                std::fs::remove_file(self.folder.join(file)).ok();
                std::fs::copy(copy.join(file), self.folder.join(file)).ok();
            }
            self.epoch.fetch_add(1, Ordering::SeqCst);
        })
        .await;
    }

    /// Does something to the files while no one has them open.
    async fn between(&self, change: impl FnOnce()) {
        let was_away = self.away.swap(true, Ordering::SeqCst);
        let store = self.inner.write().unwrap().take().unwrap();
        while Arc::strong_count(&store) > 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(store);
        change();
        let reopened = (self.opens)(&self.folder.join(STATE), Arc::clone(&self.clock));
        *self.inner.write().unwrap() = Some(reopened);
        self.away.store(was_away, Ordering::SeqCst);
    }
}

#[async_trait]
impl StoreDecorator for Forgetful {
    fn inner(&self) -> Result<SharedStore> {
        let away = || Error::Unavailable { source: "the store is unreachable".into() };
        if self.away.load(Ordering::SeqCst) {
            return Err(away());
        }
        self.inner.read().unwrap().clone().ok_or_else(away)
    }

    fn time(&self) -> Timestamp {
        self.clock.now()
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    async fn watch(&self, mark: u64, limit: Duration) -> Result<u64> {
        // Bounded, so that no one keeps the files open for long.
        self.inner()?.watch(mark, limit.min(Duration::from_millis(50))).await
    }
}
