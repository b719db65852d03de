//! Telling dead worker processes from frozen ones: each live worker holds a lock on a file of its own.
//!
//! The system drops the lock when the process ends, however it ends; a stopped process keeps it.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use reelq_model::WorkerId;

use crate::error::Result;
use reelq_files::{private, process_lock};
use reelq_store::Error;

/// The lock files of the workers on one state file.
#[derive(Debug)]
pub(super) struct WorkerLocks {
    folder: PathBuf,
    held: Mutex<BTreeMap<String, File>>,
}

impl WorkerLocks {
    /// Keeps the locks beside the state file.
    pub(super) fn beside(state: &Path) -> Self {
        Self { folder: state.with_extension("workers"), held: Mutex::default() }
    }

    /// Makes sure that `worker`'s lock is held by this process; `true` where it was not held before.
    pub(super) fn announce(&self, worker: &WorkerId) -> Result<bool> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.contains_key(worker.as_str()) {
            return Ok(false);
        }
        let path = self.path(worker.as_str());
        let lock = private::own_folder(&self.folder).and_then(|()| process_lock::take(&path));
        let lock = lock.map_err(|error| Error::broken(format!("lock {}: {error}", path.display())))?;
        let taken = || Error::broken(format!("worker `{worker}` is already at work in another process"));
        held.insert(worker.as_str().to_owned(), lock.ok_or_else(taken)?);
        Ok(true)
    }

    /// Gives up `worker`'s lock.
    pub(super) fn leave(&self, worker: &WorkerId) {
        let lock = self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(worker.as_str());
        if lock.is_some() {
            self.bury(worker.as_str());
        }
    }

    /// Whether the process that announced `worker` has certainly ended.
    pub(super) fn is_dead(&self, worker: &str) -> bool {
        if self.held.lock().unwrap_or_else(PoisonError::into_inner).contains_key(worker) {
            return false;
        }
        // A worker announces itself before it is written into the state.
        process_lock::is_free(&self.path(worker)).unwrap_or_else(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// Removes the lock file of a worker that is gone.
    pub(super) fn bury(&self, worker: &str) {
        if let Err(error) = std::fs::remove_file(self.path(worker)) {
            tracing::debug!(worker, %error, "a lock file was left behind");
        }
    }

    fn path(&self, worker: &str) -> PathBuf {
        // Names may hold characters that some file systems do not take.
        let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '=' };
        self.folder.join(format!("{}.lock", worker.chars().map(safe).collect::<String>()))
    }
}
