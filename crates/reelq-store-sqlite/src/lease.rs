//! Giving leases, lengthening them, and taking them back by name or by time.

use std::{sync::Arc, time::Duration};

use reelq_model::WorkerId;
use rusqlite::{OptionalExtension as _, params};

use super::{books::Books, code, row::Row, unreadable, writer::Scribe};
use crate::error::{Result, StepError};
use reelq_store::rules::bounds;
use reelq_store::{Error, Lease};

/// The worker's number; a new one where it is new.
pub(super) fn worker(scribe: &Scribe<'_>, name: &WorkerId) -> Result<i64> {
    let found = scribe
        .conn
        .prepare_cached("SELECT id FROM workers WHERE name = ?1")?
        .query_row([name.as_str()], |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    scribe
        .conn
        .prepare_cached("INSERT INTO workers (name, seen_at) VALUES (?1, ?2)")?
        .execute(params![name.as_str(), scribe.now.millis()])?;
    Ok(scribe.conn.last_insert_rowid())
}

/// Takes the rows in hand for `name`; fewer than there are where some cannot be read.
pub(super) fn give(scribe: &Scribe<'_>, rows: &[i64], name: &WorkerId, lasts: Duration) -> Result<Vec<Lease>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let id = worker(scribe, name)?;
    let mut books = Books::default();
    let mut leases = Vec::with_capacity(rows.len());
    for seq in rows {
        let Some(before) = unreadable::readable(scribe, Row::by_seq(scribe.conn, *seq))? else { continue };
        let mut row = before.clone();
        (row.worker, row.lease_until) = (Some(id), Some(scribe.now.after(lasts)));
        row.save_lease(scribe.conn, &mut books, &before)?;
        leases.push(lease(scribe, row, name, lasts));
    }
    books.close(scribe)?;
    Ok(leases)
}

/// The lease of a row as it was just written.
pub(super) fn lease(scribe: &Scribe<'_>, row: Row, worker: &WorkerId, lasts: Duration) -> Lease {
    Lease {
        version: code::count(row.version),
        cancel_requested: row.cancel_is_requested(),
        job: Arc::new(row.job),
        worker: worker.clone(),
        granted_at: scribe.now,
        lasts,
    }
}

/// Lengthens the leases that still hold.
pub(super) fn extend(scribe: &Scribe<'_>, leases: &[Lease], lasts: Duration) -> Result<Vec<bool>> {
    let sql = "UPDATE jobs SET lease_until = max(lease_until, ?1) WHERE id = ?2 AND version = ?3 AND lease_until > ?4";
    let mut statement = scribe.conn.prepare_cached(sql)?;
    let (now, until) = (scribe.now.millis(), bounds::time(scribe.now.after(lasts)).millis());
    let mut extended = Vec::with_capacity(leases.len());
    for lease in leases {
        let changed = statement.execute(params![until, lease.job.id.as_bytes(), code::int(lease.version), now])?;
        extended.push(changed == 1);
    }
    Ok(extended)
}

/// Takes back jobs that were claimed and not begun.
pub(super) fn release(scribe: &Scribe<'_>, leases: &[Lease]) -> Result<()> {
    let mut books = Books::default();
    for lease in leases {
        let found = match Row::by_id(scribe.conn, lease.job.id) {
            // Whoever gives it back has it as it was.
            Err(StepError(Error::Unreadable { .. })) => Row::as_leased(scribe.conn, lease)?,
            found => found?,
        };
        let Some(before) = found else { continue };
        if before.held(lease.version, scribe.now) {
            super::rescue::hand_back(scribe, &mut books, &before, None)?;
        }
    }
    scribe.news.set(true);
    books.close(scribe)
}
