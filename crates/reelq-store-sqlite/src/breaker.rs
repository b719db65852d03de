//! An account's breaker, kept and compared by version, with the pause that it asks for.

use reelq_model::{AccountName, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{account, code, tx::Tx};
use crate::error::Result;
use reelq_store::{Breaker, BreakerView, Error, Pause};

pub(super) fn read(conn: &Connection, name: &AccountName, now: Timestamp) -> Result<BreakerView> {
    let sql = "SELECT breaker, breaker_version FROM accounts WHERE name = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get_ref(0)?.as_bytes().unwrap_or_default().to_vec(), row.get(1)?));
    let (text, version) = conn.prepare_cached(sql)?.query_row([name.as_str()], read).optional()?.unwrap_or_default();
    Ok(BreakerView::read(&text, code::count(version), now))
}

/// Whether it was still the version that the change was made from.
pub(super) fn set(tx: &Tx<'_>, name: &AccountName, version: u64, breaker: &Breaker) -> Result<bool> {
    let id = account::id(tx.conn, name)?;
    let text = serde_json::to_string(breaker).map_err(|error| Error::broken(error.to_string()))?;
    let sql = "UPDATE accounts SET breaker = ?1, breaker_version = breaker_version + 1 WHERE id = ?2 AND breaker_version = ?3";
    if tx.conn.prepare_cached(sql)?.execute(params![text, id, code::int(version)])? == 0 {
        return Ok(false);
    }
    set_pause(tx, id, breaker.pause().as_ref())?;
    Ok(true)
}

/// A person resumes the account.
pub(super) fn resume(tx: &Tx<'_>, name: &AccountName) -> Result<()> {
    let view = read(tx.conn, name, tx.now)?;
    set(tx, name, view.version, &view.breaker.resumed()).map(drop)
}

/// Only a pause that changes is news: purchases take and give back their slots all the time.
fn set_pause(tx: &Tx<'_>, account: i64, pause: Option<&Pause>) -> Result<()> {
    let kind = code::PAUSE_BREAKER;
    let Some(pause) = pause else {
        let sql = "DELETE FROM pauses WHERE account = ?1 AND kind = ?2";
        if tx.conn.prepare_cached(sql)?.execute(params![account, kind])? > 0 {
            tx.news.set(true);
        }
        return Ok(());
    };
    let reason = serde_json::to_string(&pause.reason).map_err(|error| Error::broken(error.to_string()))?;
    tx.conn
        .prepare_cached(
            "INSERT OR REPLACE INTO pauses (account, kind, reason, since, until) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![account, kind, reason, pause.since.millis(), pause.until.map(Timestamp::millis)])?;
    tx.news.set(true);
    Ok(())
}
