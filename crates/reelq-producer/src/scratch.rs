//! A private file for what would fill memory while a manifest of any size is read. It has no name and is gone with the process.

use rusqlite::Connection;

use crate::{Error, error::Result};

/// How much of a file is kept in memory, in KiB. What fits is never written.
const CACHE_KIB: i64 = 4_096;

/// A file with these tables, in the system's folder for temporary files. All of its life is one transaction.
pub(crate) fn open(tables: &str) -> Result<Connection> {
    let begin = || {
        let conn = Connection::open("")?;
        conn.pragma_update(None, "journal_mode", "OFF")?;
        conn.pragma_update(None, "synchronous", "OFF")?;
        conn.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
        conn.execute_batch("BEGIN")?;
        conn.execute_batch(tables)?;
        Ok(conn)
    };
    begin().map_err(failed)
}

/// What a failure of such a file is told as.
pub(crate) fn failed(error: rusqlite::Error) -> Error {
    Error::Scratch(std::io::Error::other(error))
}
