//! A private file, and what can go wrong with it.

use rusqlite::Connection;

/// How much of a file is kept in memory, in KiB.
const CACHE_KIB: i64 = 4_096;

/// A private file could not be written, or read again: its disk may be full.
#[derive(Debug, thiserror::Error)]
#[error("keep what was read in a temporary file, in the folder that `SQLITE_TMPDIR` names")]
pub struct Error(#[from] rusqlite::Error);

/// This crate's result.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// A file with these tables, in the system's folder for temporary files. All of its life is one transaction.
pub(crate) fn open(tables: &str) -> Result<Connection> {
    let conn = Connection::open("")?;
    conn.pragma_update(None, "journal_mode", "OFF")?;
    conn.pragma_update(None, "synchronous", "OFF")?;
    conn.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    conn.execute_batch("BEGIN")?;
    conn.execute_batch(tables)?;
    Ok(conn)
}
