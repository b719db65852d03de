//! Runs of this machine, where the store is elsewhere: each holds a lock on a file of its own for as long as it lives.
//!
//! The system frees the lock however the process ends, so that a run that was killed is known to be dead at once.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use reelq_files::process_lock;
use reelq_model::WorkerId;

/// The sign that a run of this machine lives.
#[derive(Debug)]
pub(super) struct ProcessLock {
    path: PathBuf,
    _lock: File,
}

impl ProcessLock {
    /// Begins to be seen in `folder`.
    pub(super) fn begin(folder: &Path, worker: &WorkerId) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = file(folder, worker);
        let taken = || io::Error::other("another process has the lock of this run");
        let lock = process_lock::take(&path)?.ok_or_else(taken)?;
        Ok(Self { path, _lock: lock })
    }

    /// Clears away what the dead left in `folder`.
    pub(super) fn bury(&self, folder: &Path) {
        let files = std::fs::read_dir(folder).ok().into_iter().flatten().flatten();
        for other in files.map(|entry| entry.path()).filter(|other| *other != self.path && is_free(other)) {
            remove(&other);
        }
    }

    /// Leaves the file where it is: once this process has ended, others see that it has.
    pub(super) fn stay_behind(self) {
        std::mem::forget(self);
    }

    /// Whether the process of `worker` was one of this machine and has certainly ended.
    pub(super) fn has_ended(folder: &Path, worker: &WorkerId) -> bool {
        is_free(&file(folder, worker))
    }
}

impl Drop for ProcessLock {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Names of workers have no character that a file system refuses: see `worker_id`.
fn file(folder: &Path, worker: &WorkerId) -> PathBuf {
    folder.join(format!("{worker}.lock"))
}

fn is_free(path: &Path) -> bool {
    process_lock::is_free(path).unwrap_or(false)
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::debug!(path = %path.display(), %error, "a lock file was left behind");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(name: &str) -> WorkerId {
        WorkerId::new(name).unwrap()
    }

    #[test]
    fn only_a_process_that_was_seen_and_is_gone_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let lock = ProcessLock::begin(at, &worker("run-1")).unwrap();
        assert!(!ProcessLock::has_ended(at, &worker("run-1")), "it lives");
        assert!(!ProcessLock::has_ended(at, &worker("run-2")), "perhaps it is of another machine");
        // A killed process leaves its file, and no lock.
        std::fs::write(at.join("run-3.lock"), "").unwrap();
        assert!(ProcessLock::has_ended(at, &worker("run-3")));
        drop(ProcessLock::begin(at, &worker("run-4")).unwrap());
        lock.bury(at);
        let left: Vec<_> = std::fs::read_dir(at).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["run-1.lock"], "what the dead and the departed had is cleared away");
        drop(lock);
    }
}
