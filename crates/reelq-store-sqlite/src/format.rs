//! What a file says of itself: whose it is, of which format, and when another connection last wrote to it.

use std::path::Path;

use reelq_store::Error;
use rusqlite::Connection;

use crate::error::Result;

/// Marks the file as reelq's ("reel" in ASCII).
pub(super) const APPLICATION_ID: i64 = 0x7265_656c;

/// The newest format that this version reads and writes.
pub(super) const FORMAT: u32 = 11;

/// Refuses a file that some other program made.
pub(super) fn check_owner(conn: &Connection, path: &Path) -> Result<()> {
    let read = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let owner = read("application_id").map_err(|error| explain(path, &error))?;
    let tables: i64 = conn
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| explain(path, &error))?;
    if owner == APPLICATION_ID || (owner == 0 && tables == 0) {
        return Ok(());
    }
    Err(Error::broken(format!("{} is a database of another program", path.display())).into())
}

/// A number that moves when another connection commits.
pub(super) fn data_version(conn: &Connection) -> Result<i64> {
    Ok(conn.pragma_query_value(None, "data_version", |row| row.get(0))?)
}

pub(super) fn of(conn: &Connection) -> Result<u32> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Says which file the system does not let this process read, of those that make up the state; `None` where it is not that.
pub(super) fn shut(path: &Path) -> Option<Error> {
    ["", "-wal", "-shm"].iter().find_map(|beside| {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        let error = std::fs::File::open(&name).err().filter(|error| error.kind() != std::io::ErrorKind::NotFound)?;
        Some(Error::broken(format!("{} cannot be read: {error}", Path::new(&name).display())))
    })
}

/// Which file is meant, and why it cannot be used.
pub(super) fn explain(path: &Path, error: &rusqlite::Error) -> Error {
    if let (Some(rusqlite::ErrorCode::CannotOpen), Some(shut)) = (error.sqlite_error_code(), shut(path)) {
        return shut;
    }
    Error::broken(format!("{}: {error}", path.display()))
}
