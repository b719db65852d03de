//! Taking back what dead workers held. A lease that ended in `ready` makes the job due, one in `submitting` a replay.

use reelq_model::{Event, WorkerId};
use rusqlite::{ToSql, params};

use super::{books::Books, code, history, lease, presence::Presence, row::Row, unreadable, writer::Scribe};
use crate::error::Result;
use reelq_store::Error;

/// At most this many leases are taken back in one transaction.
const AT_ONCE: i64 = 10_000;

/// Takes back leases whose time has passed.
pub(super) fn expired(scribe: &Scribe<'_>) -> Result<u64> {
    take_back(scribe, "SELECT seq FROM jobs WHERE lease_until <= ?1 LIMIT ?2", scribe.now.millis(), "its time passed")
}

/// Takes back whatever a worker holds.
pub(super) fn of_worker(scribe: &Scribe<'_>, worker: i64) -> Result<u64> {
    take_back(scribe, "SELECT seq FROM jobs WHERE worker = ?1 LIMIT ?2", worker, "its worker is gone")
}

fn take_back(scribe: &Scribe<'_>, sql: &str, key: impl ToSql, why: &str) -> Result<u64> {
    let rows: Vec<i64> = scribe
        .conn
        .prepare_cached(sql)?
        .query_map(params![key, AT_ONCE], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if rows.is_empty() {
        return Ok(0);
    }
    let mut books = Books::default();
    for seq in &rows {
        let Some(before) = unreadable::readable(scribe, Row::by_seq(scribe.conn, *seq))? else { continue };
        hand_back(scribe, &mut books, &before, Some(why))?;
    }
    books.close(scribe)?;
    scribe.news.set(true);
    Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
}

/// Ends one lease without an event of its holder.
pub(super) fn hand_back(scribe: &Scribe<'_>, books: &mut Books, before: &Row, why: Option<&str>) -> Result<()> {
    let mut row = before.clone();
    row.unlease(scribe.now);
    if let Some(why) = why {
        history::write(scribe.conn, &mut row, "lease_ended", why, None, scribe.now)?;
    }
    if row.cancel_is_due() {
        withdraw(scribe, &mut row)?;
    }
    row.save(scribe.conn, books, Some(before), scribe.now)
}

/// Cancels a row that stands at `ready`, with its entry in the history.
pub(super) fn withdraw(scribe: &Scribe<'_>, row: &mut Row) -> Result<()> {
    row.withdraw(scribe.now).map_err(|illegal| Error::broken(illegal.to_string()))?;
    let why = if row.cancel == code::CANCEL_GONE { "its line is gone" } else { "" };
    history::write(scribe.conn, row, Event::Cancelled { settlement: None }.name(), why, None, scribe.now)
}

/// Notes that a worker lives, and takes back the leases of those that do not.
pub(super) fn heartbeat(scribe: &Scribe<'_>, worker: &WorkerId, presence: &Presence) -> Result<u64> {
    let id = lease::worker(scribe, worker)?;
    scribe
        .conn
        .prepare_cached("UPDATE workers SET seen_at = ?1 WHERE id = ?2")?
        .execute(params![scribe.now.millis(), id])?;
    Ok(expired(scribe)? + dead(scribe, presence)?)
}

/// Takes back the leases of processes that certainly ended, and forgets their workers.
fn dead(scribe: &Scribe<'_>, presence: &Presence) -> Result<u64> {
    let workers: Vec<(i64, String)> = scribe
        .conn
        .prepare_cached("SELECT id, name FROM workers")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut taken = 0;
    for (id, name) in workers {
        if presence.is_dead(&name) {
            taken += forget(scribe, id)?;
            presence.bury(&name);
        }
    }
    Ok(taken)
}

/// Takes back everything that a worker holds and removes its row.
pub(super) fn forget(scribe: &Scribe<'_>, worker: i64) -> Result<u64> {
    let taken = of_worker(scribe, worker)?;
    // With more leases than one transaction takes back, the row stays for the next heartbeat.
    scribe
        .conn
        .prepare_cached("DELETE FROM workers WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM jobs WHERE worker = ?1)")?
        .execute([worker])?;
    Ok(taken)
}
