//! A state that came from a backup: what was bought since that was taken is not in it.

use reelq_model::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::tx::Tx;
use crate::error::Result;

/// When the backup was taken that the state came from; `None` where no one has to accept that.
pub(super) fn taken_at(conn: &Connection) -> Result<Option<Timestamp>> {
    let sql = "SELECT taken_at FROM restored WHERE id = 1";
    Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?.map(Timestamp::from_millis))
}

/// Marks a copy as a backup taken at `time`; one of a copy that no one has accepted keeps its own time.
pub(super) fn mark(conn: &Connection, time: Timestamp) -> Result<()> {
    conn.execute("INSERT OR IGNORE INTO restored (id, taken_at) VALUES (1, ?1)", [time.millis()])?;
    Ok(())
}

/// The latest time that a state knows of itself, for one that is told to be a copy by its witness.
pub(super) fn last_time(conn: &Connection) -> Result<Timestamp> {
    let sql = "SELECT coalesce((SELECT store FROM clock), 0)";
    Ok(Timestamp::from_millis(conn.query_row(sql, [], |row| row.get(0))?))
}

/// A person accepts it: what is queued may be bought.
pub(super) fn accept(tx: &Tx<'_>) -> Result<bool> {
    let removed = tx.conn.execute("DELETE FROM restored", [])?;
    tx.news.set(removed > 0);
    Ok(removed > 0)
}
