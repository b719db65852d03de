//! Walks along row numbers, and people's changes to many jobs in one transaction.

use reelq_model::{BatchName, JobId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{code, edit, writer::Tx};
use crate::error::Result;
use reelq_store::{Cursor, Edit, Edited, Error, JobFilter, Scanned};

/// At most this many row numbers are passed in one part: it reads from one state, and holds up the end of the log.
const PASSED: i64 = 20_000;

pub(super) fn scan(conn: &Connection, filter: &JobFilter, from: &Cursor, limit: usize) -> Result<Scanned> {
    let last: i64 = conn.prepare_cached("SELECT coalesce(max(seq), 0) FROM jobs")?.query_row([], |row| row.get(0))?;
    let end = from.at.saturating_add(PASSED);
    let views = super::listing::between(conn, filter, (from.at, end), limit)?;
    let at = match views.last() {
        Some((seq, _)) if views.len() == limit => *seq,
        _ => end,
    };
    let next = (at < last).then(|| Cursor { at, ..Cursor::default() });
    Ok(Scanned { views: views.into_iter().map(|(_, view)| view).collect(), next })
}

pub(super) fn edit_all(tx: &Tx<'_>, edits: &[(JobId, Edit)]) -> Result<Vec<Edited>> {
    edits.iter().map(|(job, each)| edit::edit(tx, *job, each)).collect()
}

/// A load that is under way ends here: whoever is at it is told that it was superseded.
const STOP: &str = "UPDATE batches SET cancelling = 1, loading = NULL, loading_draft = NULL, loading_lines = 0 \
    WHERE name = ?1 AND NOT purging";

pub(super) fn begin_cancel(tx: &Tx<'_>, name: &BatchName) -> Result<()> {
    if tx.conn.prepare_cached(STOP)?.execute([name.as_str()])? == 0 {
        let sql = "SELECT 1 FROM batches WHERE name = ?1";
        let there = tx.conn.prepare_cached(sql)?.query_row([name.as_str()], |_| Ok(())).optional()?;
        let name = name.to_string();
        return Err(there.map_or(Error::NoBatch(name.clone()), |()| Error::BeingPurged(name)).into());
    }
    tx.news.set(true);
    Ok(())
}

pub(super) fn end_cancel(tx: &Tx<'_>, name: &BatchName) -> Result<()> {
    tx.conn.prepare_cached("UPDATE batches SET cancelling = 0 WHERE name = ?1")?.execute([name.as_str()])?;
    tx.news.set(true);
    Ok(())
}

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
