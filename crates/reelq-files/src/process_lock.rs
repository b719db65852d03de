//! Files that a process has locked for as long as it lives. The system frees the lock however the process ends; a stopped
//! process keeps it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
    time::Duration,
};

use crate::private;

/// How often a lock is tried that another process holds for the moment of a look, or whose file it clears away.
const TRIES: u32 = 50;
const BETWEEN_TRIES: Duration = Duration::from_millis(2);

/// Locks the file at `path`, for this user alone, and makes it where it is new; `None` where another process has it.
/// Blocks for a moment. The lock is given up with the file that is answered.
///
/// # Errors
///
/// Where the file can be neither made nor locked. May be repeated.
pub fn take(path: &Path) -> io::Result<Option<File>> {
    for _ in 0..TRIES {
        let file = private::options().create(true).append(true).open(path)?;
        match file.try_lock() {
            Ok(()) if names_a_locked_file(path) => return Ok(Some(file)),
            // It was cleared away before it was locked: the next one is another file.
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN_TRIES),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

/// Whether no process has the file at `path`.
///
/// # Errors
///
/// Where the file is not there, or cannot be read: then nothing is known of its process. May be repeated.
pub fn is_free(path: &Path) -> io::Result<bool> {
    match OpenOptions::new().read(true).open(path)?.try_lock_shared() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn names_a_locked_file(path: &Path) -> bool {
    is_free(path).is_ok_and(|is_free| !is_free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_once_and_free_again_with_its_holder_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        assert_eq!(is_free(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        let held = take(&path).unwrap().unwrap();
        assert!(!is_free(&path).unwrap());
        assert!(take(&path).unwrap().is_none(), "another handle is as another process");
        drop(held);
        assert!(is_free(&path).unwrap());
        assert!(take(&path).unwrap().is_some());
    }

    #[test]
    fn a_file_that_is_cleared_away_while_it_is_taken_is_taken_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let held = take(&path).unwrap().unwrap();
        std::fs::remove_file(&path).unwrap();
        let other = take(&path).unwrap();
        assert!(other.is_some(), "the name is free, whoever has the file that it named");
        assert!(!is_free(&path).unwrap());
        drop(held);
    }
}
