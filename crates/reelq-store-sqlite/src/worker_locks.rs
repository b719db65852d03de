//! Telling dead worker processes from frozen ones: each live worker holds a lock on a file of its own.
//!
//! The system drops the lock when the process ends, however it ends; a stopped process keeps it.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use reelq_model::WorkerId;

use crate::error::Result;
use reelq_files::private;
use reelq_store::Error;

/// How often a lock is tried whose file another process is just clearing away.
const TRIES: usize = 16;

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
        let lock = private::own_folder(&self.folder).and_then(|()| take(&path));
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
        match OpenOptions::new().write(true).open(self.path(worker)) {
            Ok(file) => file.try_lock().is_ok(),
            // A worker announces itself before it is written into the state.
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
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

/// Locks the file at `path`; `None` where another process holds it.
fn take(path: &Path) -> io::Result<Option<File>> {
    for _ in 0..TRIES {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
            Err(std::fs::TryLockError::Error(error)) => return Err(error),
        }
        if still_there(path) {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// Whether the file at `path` is the one that was just locked: then a second handle cannot lock it.
fn still_there(path: &Path) -> bool {
    OpenOptions::new().write(true).open(path).is_ok_and(|second| second.try_lock().is_err())
}
