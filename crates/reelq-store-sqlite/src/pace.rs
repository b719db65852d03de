//! What is learned of an account's limits, kept and compared by version.

use reelq_model::{AccountName, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{account, code, tx::Tx};
use crate::error::Result;
use reelq_store::{Error, Pace, PaceView, Usage};

pub(super) fn read(conn: &Connection, name: &AccountName, now: Timestamp) -> Result<PaceView> {
    let sql = "SELECT pace, pace_version, tokens, in_flight FROM accounts WHERE name = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(PaceView {
            pace: account::read_pace(row.get_ref(0)?.as_bytes_or_null().unwrap_or_default()),
            version: code::count(row.get(1)?),
            usage: Usage { tokens: code::count(row.get(2)?), in_flight: code::count(row.get(3)?) },
            now,
        })
    };
    let found = conn.prepare_cached(sql)?.query_row([name.as_str()], read).optional()?;
    Ok(found.unwrap_or_else(|| PaceView { now, ..PaceView::default() }))
}

/// Whether it was still the version that the change was made from.
pub(super) fn set(tx: &Tx<'_>, name: &AccountName, version: u64, pace: &Pace) -> Result<bool> {
    let id = account::id(tx.conn, name)?;
    let text = serde_json::to_string(pace).map_err(|error| Error::broken(error.to_string()))?;
    let sql = "UPDATE accounts SET pace = ?1, pace_version = pace_version + 1 WHERE id = ?2 AND pace_version = ?3";
    let changed = tx.conn.prepare_cached(sql)?.execute(params![text, id, code::int(version)])?;
    // A lane that waits for a place in flight waits for nothing else.
    tx.news.set(changed > 0);
    Ok(changed > 0)
}
