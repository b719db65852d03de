//! Which ticks of a schedule are over though they have no row any more: a few spans of time.

use reelq_model::{ScheduleName, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::Result;
use reelq_store::TickSpan;

/// A schedule's spans, the oldest first.
pub(super) fn of(conn: &Connection, schedule: i64) -> Result<Vec<TickSpan>> {
    let sql = "SELECT over FROM schedules WHERE id = ?1";
    Ok(read(&conn.prepare_cached(sql)?.query_row([schedule], |row| row.get::<_, String>(0))?))
}

/// The same, of a schedule that may not be known.
pub(super) fn named(conn: &Connection, name: &ScheduleName) -> Result<Vec<TickSpan>> {
    let mut statement = conn.prepare_cached("SELECT over FROM schedules WHERE name = ?1")?;
    let kept = statement.query_row([name.as_str()], |row| row.get::<_, String>(0)).optional()?;
    Ok(kept.map_or_else(Vec::new, |text| read(&text)))
}

pub(super) fn keep(conn: &Connection, schedule: i64, spans: &[TickSpan]) -> Result<()> {
    let pairs: Vec<_> = spans.iter().map(|span| (span.after.millis(), span.until.millis())).collect();
    let sql = "UPDATE schedules SET over = ?1 WHERE id = ?2";
    conn.prepare_cached(sql)?.execute(params![serde_json::json!(pairs).to_string(), schedule])?;
    Ok(())
}

/// What is damaged says nothing; the rows and the mark still do.
fn read(text: &str) -> Vec<TickSpan> {
    let pairs: Vec<(i64, i64)> = serde_json::from_str(text).unwrap_or_default();
    let time = Timestamp::from_millis;
    pairs.into_iter().map(|(after, until)| TickSpan { after: time(after), until: time(until) }).collect()
}
