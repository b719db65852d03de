//! A witness beside the state file: how far the state had come. A copy that is put back is behind it, and is told by that.
//!
//! It is written after the transaction that it tells of is on disk, so that a state is never behind it by itself.

use std::{
    fs::File,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use rusqlite::Connection;

use super::restored;
use crate::error::Result;
use reelq_files::private;

/// Which state it is, and how many transactions have changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Life {
    identity: String,
    commits: i64,
}

impl Life {
    fn read(conn: &Connection) -> Result<Self> {
        let read = |row: &rusqlite::Row<'_>| Ok(Self { identity: row.get(0)?, commits: row.get(1)? });
        Ok(conn.prepare_cached("SELECT identity, commits FROM life WHERE id = 1")?.query_row([], read)?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (identity, commits) = text.trim().split_once(' ')?;
        Some(Self { identity: identity.to_owned(), commits: commits.parse().ok()? })
    }

    /// Always of the same length: it is written over itself.
    fn text(&self) -> String {
        format!("{} {:020}\n", self.identity, self.commits)
    }
}

/// The witness of one state file, for its writer.
#[derive(Debug)]
pub(super) struct Witness {
    /// `None` where it cannot be written: then nothing is told by it.
    file: Option<File>,
}

impl Witness {
    /// Holds the state against its witness; one that is behind it came from a copy, and is marked as restored.
    pub(super) fn open(conn: &Connection, state: &Path) -> Result<Self> {
        let path = path(state);
        let seen = std::fs::read_to_string(&path).ok().and_then(|text| Life::parse(&text));
        let life = Life::read(conn)?;
        if seen.is_some_and(|seen| seen.identity == life.identity && seen.commits > life.commits) {
            restored::mark(conn, restored::last_time(conn)?)?;
        }
        let opened = private::options().write(true).create(true).truncate(false).open(&path);
        let file =
            opened.inspect_err(|error| tracing::debug!(path = %path.display(), %error, "no witness is kept")).ok();
        let witness = Self { file };
        witness.tell(&life);
        Ok(witness)
    }

    /// A writer without a state file of its own, in tests.
    #[cfg(test)]
    pub(super) const fn none() -> Self {
        Self { file: None }
    }

    /// Counts a transaction that changes the state, in the transaction itself.
    pub(super) fn count(conn: &Connection) -> Result<()> {
        conn.prepare_cached("UPDATE life SET commits = commits + 1 WHERE id = 1")?.execute([])?;
        Ok(())
    }

    /// Tells of the transaction that was just committed.
    pub(super) fn committed(&self, conn: &Connection) {
        if let Ok(life) = Life::read(conn) {
            self.tell(&life);
        }
    }

    fn tell(&self, life: &Life) {
        let written = self.file.as_ref().map_or(Ok(()), |file| file.write_all_at(life.text().as_bytes(), 0));
        if let Err(error) = written {
            tracing::debug!(%error, "the witness was not written");
        }
    }
}

/// Where the witness of a state lies.
pub(super) fn path(state: &Path) -> PathBuf {
    state.with_extension("seen")
}
