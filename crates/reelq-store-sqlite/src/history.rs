//! What happened to a job, entry by entry: lines of its row. The oldest go once there are too many.

use reelq_model::{JobId, Timestamp, WorkerId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{code, row::Row};
use crate::error::Result;
use reelq_store::HistoryEntry;
pub(super) use reelq_store::rules::figures::{SHARED, shared};
use reelq_store::transition::HistoryNote;

/// Entries kept of one job: the newest.
pub(super) const KEPT: i64 = 64;

/// Who did it.
pub(super) type Actor<'a> = Option<&'a WorkerId>;

/// Puts entries behind those that a row has; the parameter is NULL where there are none.
macro_rules! appended {
    ($noted:literal) => {
        concat!("history = coalesce(history || ", $noted, ", ", $noted, ", history)")
    };
}
pub(super) use appended;

/// An entry as it is written: time, status, event, worker and reason.
type Entry = (i64, i64, String, Option<String>, String);

/// Notes what a change says, to be written with the row.
pub(super) fn note(row: &mut Row, note: &HistoryNote<'_>, now: Timestamp) {
    let status = code::status(note.status);
    row.entries += 1;
    row.noted.push_str(&line(status, note.event, &note.reason, note.worker.as_deref(), now));
}

/// Notes an entry in the store's own words, to be written with the row.
pub(super) fn write(row: &mut Row, event: &str, reason: &str, actor: Actor<'_>, now: Timestamp) {
    let status = code::status(row.job.status());
    row.entries += 1;
    row.noted.push_str(&line(status, event, reason, actor, now));
}

/// An entry as a line of its own.
pub(super) fn line(status: i64, event: &str, reason: &str, actor: Actor<'_>, now: Timestamp) -> String {
    let worker = actor.map(WorkerId::as_str);
    let mut line = serde_json::json!([now.millis(), status, event, worker, reason]).to_string();
    line.push('\n');
    line
}

/// Drops the oldest entries of a row of which `added` were just written, each time that as many as are kept have come since.
pub(super) fn trim(conn: &Connection, seq: i64, entries: i64, added: i64) -> Result<()> {
    if entries <= KEPT || entries / KEPT == (entries - added) / KEPT {
        return Ok(());
    }
    let read = |row: &rusqlite::Row<'_>| {
        Ok(String::from_utf8_lossy(row.get_ref(0)?.as_bytes().unwrap_or_default()).into_owned())
    };
    let text: String = conn.prepare_cached("SELECT history FROM jobs WHERE seq = ?1")?.query_row([seq], read)?;
    let newest: String = newest(&text).flat_map(|line| [line, "\n"]).collect();
    conn.prepare_cached("UPDATE jobs SET history = ?1 WHERE seq = ?2")?.execute(params![newest, seq])?;
    Ok(())
}

/// The lines that are kept, the oldest first.
fn newest(text: &str) -> impl Iterator<Item = &str> {
    let most = usize::try_from(KEPT).unwrap_or(usize::MAX);
    text.lines().skip(text.lines().count().saturating_sub(most))
}

/// A job's entries, the oldest first.
pub(super) fn read(conn: &Connection, job: JobId) -> Result<Vec<HistoryEntry>> {
    let sql = "SELECT history FROM specs s JOIN jobs j ON j.seq = s.seq WHERE s.id = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(String::from_utf8_lossy(row.get_ref(0)?.as_bytes().unwrap_or_default()).into_owned())
    };
    let text = conn.prepare_cached(sql)?.query_row([job.as_bytes()], read).optional()?.unwrap_or_default();
    Ok(newest(&text).filter_map(read_entry).collect())
}

/// An entry that a newer version wrote is no reason to show none.
fn read_entry(line: &str) -> Option<HistoryEntry> {
    let (at, status, event, worker, reason): Entry = serde_json::from_str(line).ok()?;
    Some(HistoryEntry {
        at: Timestamp::from_millis(at),
        status: code::read_status(status).ok()?,
        event,
        worker: worker.and_then(|name| WorkerId::new(name).ok()),
        reason,
    })
}
