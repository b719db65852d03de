//! What happened to a job, entry by entry; the oldest entries go once there are too many.

use reelq_model::{JobId, Timestamp, WorkerId};
use rusqlite::{Connection, params};

use super::{code, row::Row};
use crate::error::Result;
use reelq_store::HistoryEntry;
pub(super) use reelq_store::rules::figures::{SHARED, shared};
use reelq_store::transition::HistoryNote;

/// Entries kept of one job: the newest.
pub(super) const KEPT: i64 = 64;

/// Who did it.
pub(super) type Actor<'a> = Option<&'a WorkerId>;

/// Writes down what a change says.
pub(super) fn note(conn: &Connection, row: &mut Row, note: &HistoryNote<'_>, now: Timestamp) -> Result<()> {
    row.entries += 1;
    insert(
        conn,
        (row.seq, row.entries, code::status(note.status)),
        note.event,
        &note.reason,
        note.worker.as_deref(),
        now,
    )
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
    insert(conn, (row.seq, row.entries, code::status(row.job.status())), event, reason, actor, now)
}

/// Writes an entry of a job that is known by its number, the entry's own number, and its status.
pub(super) fn insert(
    conn: &Connection,
    (seq, number, status): (i64, i64, i64),
    event: &str,
    reason: &str,
    actor: Actor<'_>,
    now: Timestamp,
) -> Result<()> {
    let worker = actor.map(WorkerId::as_str);
    conn.prepare_cached(
        "INSERT OR REPLACE INTO history (job, entry, at, status, event, worker, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![seq, number, now.millis(), status, event, worker, reason])?;
    if number > KEPT {
        conn.prepare_cached("DELETE FROM history WHERE job = ?1 AND entry <= ?2")?.execute([seq, number - KEPT])?;
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
        // An entry that a newer version wrote is no reason to show none.
        let Ok(status) = code::read_status(row.get(1)?) else { continue };
        entries.push(HistoryEntry {
            at: Timestamp::from_millis(row.get(0)?),
            status,
            event: row.get(2)?,
            worker: worker.and_then(|name| WorkerId::new(name).ok()),
            reason: row.get(4)?,
        });
    }
    Ok(entries)
}
