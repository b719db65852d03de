//! What happened to a job, entry by entry; the oldest entries go once there are too many.

use reelq_model::{Event, JobId, Timestamp, WorkerId};
use rusqlite::{Connection, params};

use super::{code, row::Row};
use crate::{HistoryEntry, Result};

/// Entries kept of one job: the newest.
pub(super) const KEPT: i64 = 64;

/// Who did it.
pub(super) type Actor<'a> = Option<&'a WorkerId>;

/// Writes down an event that has been applied to `row`.
pub(super) fn record(conn: &Connection, row: &mut Row, event: &Event, actor: Actor<'_>, now: Timestamp) -> Result<()> {
    write(conn, row, event.name(), &event.reason(), actor, now)
}

/// Writes an entry in the store's own words.
pub(super) fn write(
    conn: &Connection,
    row: &mut Row,
    event: &str,
    reason: &str,
    actor: Actor<'_>,
    now: Timestamp,
) -> Result<()> {
    row.entries += 1;
    let status = code::status(row.job.status());
    let worker = actor.map(WorkerId::as_str);
    conn.prepare_cached(
        "INSERT INTO history (job, entry, at, status, event, worker, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![row.seq, row.entries, now.millis(), status, event, worker, reason])?;
    if row.entries > KEPT {
        conn.prepare_cached("DELETE FROM history WHERE job = ?1 AND entry <= ?2")?
            .execute(params![row.seq, row.entries - KEPT])?;
    }
    Ok(())
}

/// A job's entries, the oldest first.
pub(super) fn read(conn: &Connection, job: JobId) -> Result<Vec<HistoryEntry>> {
    let sql = "SELECT at, h.status, event, h.worker, reason FROM jobs j JOIN history h ON h.job = j.seq WHERE j.id = ?1 ORDER BY entry";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query([job.as_bytes()])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let worker: Option<String> = row.get(3)?;
        entries.push(HistoryEntry {
            at: Timestamp::from_millis(row.get(0)?),
            status: code::read_status(row.get(1)?)?,
            event: row.get(2)?,
            worker: worker.and_then(|name| WorkerId::new(name).ok()),
            reason: row.get(4)?,
        });
    }
    Ok(entries)
}
