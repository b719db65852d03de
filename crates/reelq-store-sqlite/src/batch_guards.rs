//! What a batch that is being cancelled or purged refuses.

use reelq_store::Error;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::code;
use crate::error::Result;

/// Whether its batch is being cancelled: what was claimed before is not sent.
pub(super) fn is_cancelling(conn: &Connection, batch: i64) -> Result<bool> {
    let mut statement = conn.prepare_cached("SELECT cancelling FROM batches WHERE id = ?1")?;
    // What cannot be read stops, as a pause does.
    Ok(statement.query_row(params![batch], |row| code::whole(row, "cancelling")).optional()? != Some(Some(0)))
}

/// Refuses a load of a batch that is being cancelled: its rows would be cancelled with the others.
pub(super) fn refuse_cancelling(conn: &Connection, batch: i64) -> Result<()> {
    let sql = "SELECT name FROM batches WHERE id = ?1 AND cancelling";
    let found: Option<String> = conn.prepare_cached(sql)?.query_row([batch], |row| row.get(0)).optional()?;
    found.map_or(Ok(()), |name| Err(Error::BeingCancelled(name).into()))
}

/// Refuses what would bring a batch back to life of which a part is gone.
pub(super) fn refuse_purging(conn: &Connection, batch: i64) -> Result<()> {
    let sql = "SELECT name FROM batches WHERE id = ?1 AND purging";
    let found: Option<String> = conn.prepare_cached(sql)?.query_row([batch], |row| row.get(0)).optional()?;
    found.map_or(Ok(()), |name| Err(Error::BeingPurged(name).into()))
}
