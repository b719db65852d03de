//! Backups: a whole copy of the state at one moment, and the way back to it.
//!
//! A copy is marked as one, so that a state that came from it is told from the one it was taken of.

use std::{
    ffi::OsString,
    fs::File,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use reelq_model::{SharedClock, Timestamp};
use rusqlite::Connection;

use super::{SqliteStore, open, restored, source, source::Source, steady::Steady};
use crate::error::Result;
use reelq_files::private;
use reelq_store::Error;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The store's time when it was taken.
    pub taken_at: Timestamp,
    /// How large its file is.
    pub bytes: u64,
    /// How many jobs are in it.
    pub jobs: u64,
    /// Where the state lies now that a restored backup took the place of.
    pub before: Option<PathBuf>,
}

impl SqliteStore {
    /// Copies the state at `from` into the new file `to`, as it stands at one moment, while others may work on it. The copy is
    /// this user's alone, whole and on disk when this returns, and not there under its name before. Blocks.
    ///
    /// # Errors
    ///
    /// Where `to` is there already, or one of the two cannot be read or written. May be repeated.
    pub fn back_up(from: &Path, to: &Path, clock: &SharedClock) -> reelq_store::Result<Backup> {
        if to.symlink_metadata().is_ok() {
            return Err(Error::broken(format!("{} is there already, and is not replaced", to.display())));
        }
        let source = Source::open(from)?;
        let time = source.read(|conn| Ok(Steady::open(conn, SharedClock::clone(clock))))?.now();
        let draft = Draft::beside(to)?;
        source.read(|conn| draft.fill(|copy| source::copy_whole(conn, copy), time))?;
        let found = describe(&draft.path)?;
        draft.place(to)?;
        Ok(found)
    }

    /// Puts the backup in the file `from` in the place of the state at `to`. A state that is there is kept beside it under
    /// another name. Blocks.
    ///
    /// # Errors
    ///
    /// Where `from` is no backup, some process has the state open, or one of the two cannot be read or written; the state is
    /// as it was then.
    pub fn restore(from: &Path, to: &Path, clock: &SharedClock) -> reelq_store::Result<Backup> {
        let mut found = describe(from)?;
        if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private::folder(folder).map_err(|error| failed("create", folder, &error))?;
        }
        let draft = Draft::beside(to)?;
        let taken_at = found.taken_at;
        Source::open(from)?.read(|conn| draft.fill(|copy| source::copy_whole(conn, copy), taken_at))?;
        found.before = set_aside(to, clock.now())?;
        draft.place(to)?;
        Ok(found)
    }
}

/// A file under another name until it is whole; what is left of a killed process is told by its name.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn beside(to: &Path) -> Result<Self> {
        let name = to.file_name().ok_or_else(|| Error::broken(format!("{} names no file", to.display())))?;
        let mut draft = OsString::from(".");
        draft.push(name);
        draft.push(format!(".part-{}", std::process::id()));
        let path = to.with_file_name(draft);
        private::options()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .map_err(|error| failed("write", &path, &error))?;
        Ok(Self { path })
    }

    /// Fills it by `copy`, brings it up to date, marks it and looks whether it is sound.
    fn fill(&self, copy: impl FnOnce(&mut Connection) -> Result<()>, taken_at: Timestamp) -> Result<()> {
        let mut conn = Connection::open(&self.path)?;
        copy(&mut conn)?;
        // One file, without a log beside it.
        conn.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
        open::migrate(&mut conn)?;
        restored::mark(&conn, taken_at)?;
        let sound: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if sound == "ok" { Ok(()) } else { Err(Error::broken(format!("the copy is damaged: {sound}")).into()) }
    }

    /// Gives it its name for good, where nothing has that name.
    fn place(&self, to: &Path) -> Result<()> {
        let failed = |error: io::Error| failed("write", to, &error);
        File::open(&self.path).and_then(|file| file.sync_all()).map_err(failed)?;
        std::fs::hard_link(&self.path, to).or_else(|error| self.moved(to, error)).map_err(failed)?;
        Ok(reelq_files::sync_parent(to).map_err(failed)?)
    }

    /// Some file systems have no links.
    fn moved(&self, to: &Path, error: io::Error) -> io::Result<()> {
        let linkless = matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported);
        if linkless && to.symlink_metadata().is_err() { std::fs::rename(&self.path, to) } else { Err(error) }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Placed by a move it is gone already.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Reads what a backup says of itself.
fn describe(path: &Path) -> Result<Backup> {
    let bytes = std::fs::metadata(path).map_err(|error| failed("read", path, &error))?.len();
    let (taken_at, jobs) = Source::open(path)?.read(|conn| {
        let jobs: i64 = conn.query_row("SELECT count(*) FROM jobs", [], |row| row.get(0))?;
        Ok((restored::taken_at(conn)?, jobs))
    })?;
    let none = || {
        Error::broken(format!(
            "{} is no backup: `reelq backup FILE` makes them, and each says when it was taken",
            path.display()
        ))
    };
    Ok(Backup { taken_at: taken_at.ok_or_else(none)?, bytes, jobs: jobs.cast_unsigned(), before: None })
}

/// Gives the state that is there another name, once no process has it open.
fn set_aside(state: &Path, now: Timestamp) -> Result<Option<PathBuf>> {
    if state.symlink_metadata().is_err() {
        return Ok(None);
    }
    alone(state)?;
    let named = |ending: &str, suffix: &str| {
        let mut name = state.as_os_str().to_owned();
        name.push(format!("{suffix}{ending}"));
        PathBuf::from(name)
    };
    let suffix = format!(".before-{}", now.to_string().replace(':', "-"));
    // A log without its state is worth nothing, and one beside another state would be taken for that one's.
    for ending in ["-wal", "-shm", ""] {
        let from = named(ending, "");
        if from.symlink_metadata().is_ok() {
            std::fs::rename(&from, named(ending, &suffix)).map_err(|error| failed("move", &from, &error))?;
        }
    }
    Ok(Some(named("", &suffix)))
}

/// Fails where a process has the state open.
fn alone(state: &Path) -> Result<()> {
    let conn = Connection::open(state)?;
    conn.busy_timeout(Duration::ZERO)?;
    let taken = conn
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT")
        .and_then(|()| conn.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0)));
    match taken {
        Ok(mode) if mode == "delete" => Ok(()),
        // A damaged state is a reason to go back to a backup.
        Err(error) if !matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy)) => Ok(()),
        _ => Err(Error::broken(format!(
            "{} is open in another process: stop every run, worker and scheduler on it first",
            state.display()
        ))
        .into()),
    }
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    Error::broken(format!("{what} {}: {error}", path.display()))
}
