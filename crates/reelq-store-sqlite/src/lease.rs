//! Giving leases, lengthening them, and taking them back by name or by time.

use std::{sync::Arc, time::Duration};

use reelq_model::{Stage, WorkerId};
use rusqlite::{OptionalExtension as _, params};

use super::{code, ledger::Ledger, listing, row::Row, tx::Tx, unreadable};
use crate::error::{Result, StepError};
use reelq_store::rules::bounds;
use reelq_store::{Error, Lease};

/// The worker's number; a new one where it is new.
pub(super) fn worker(tx: &Tx<'_>, name: &WorkerId) -> Result<i64> {
    let found = tx
        .conn
        .prepare_cached("SELECT id FROM workers WHERE name = ?1")?
        .query_row([name.as_str()], |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    tx.conn
        .prepare_cached("INSERT INTO workers (name, seen_at) VALUES (?1, ?2)")?
        .execute(params![name.as_str(), tx.now.millis()])?;
    Ok(tx.conn.last_insert_rowid())
}

/// Takes the rows in hand for `name`; fewer than there are where some cannot be read.
pub(super) fn give(tx: &Tx<'_>, rows: &[i64], name: &WorkerId, lasts: Duration) -> Result<Vec<Lease>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let id = worker(tx, name)?;
    let mut ledger = Ledger::default();
    let mut leases = Vec::with_capacity(rows.len());
    for seq in rows {
        let Some(mut row) = unreadable::readable(tx, Row::by_seq(tx.conn, *seq))? else { continue };
        row.lease(tx.conn, &mut ledger, id, tx.now.after(lasts))?;
        leases.push(lease(tx, row, name, lasts)?);
    }
    ledger.close(tx)?;
    Ok(leases)
}

/// The lease of a row as it was just written.
pub(super) fn lease(tx: &Tx<'_>, row: Row, worker: &WorkerId, lasts: Duration) -> Result<Lease> {
    let is_fetching = matches!(row.job.stage, Stage::Fetching { .. });
    Ok(Lease {
        version: code::count(row.version),
        cancel_requested: row.stored().cancel_is_requested(),
        line: if is_fetching { listing::line(tx.conn, &row)?.map(Arc::new) } else { None },
        job: Arc::new(row.job),
        worker: worker.clone(),
        granted_at: tx.now,
        lasts,
    })
}

/// Lengthens the leases that still hold.
pub(super) fn extend(tx: &Tx<'_>, leases: &[Lease], lasts: Duration) -> Result<Vec<bool>> {
    let sql = "UPDATE jobs SET lease_until = max(lease_until, ?1) WHERE seq = (SELECT seq FROM specs WHERE id = ?2) \
        AND version = ?3 AND lease_until > ?4";
    let mut statement = tx.conn.prepare_cached(sql)?;
    let (now, until) = (tx.now.millis(), bounds::time(tx.now.after(lasts)).millis());
    let mut extended = Vec::with_capacity(leases.len());
    for lease in leases {
        let changed = statement.execute(params![until, lease.job.id.as_bytes(), code::int(lease.version), now])?;
        extended.push(changed == 1);
    }
    Ok(extended)
}

/// Takes back jobs that were claimed and not begun.
pub(super) fn release(tx: &Tx<'_>, leases: &[Lease]) -> Result<()> {
    let mut ledger = Ledger::default();
    for lease in leases {
        let found = match Row::of_lease(tx.conn, lease, tx.now) {
            // Whoever gives it back has it as it was.
            Err(StepError(Error::Unreadable { .. })) => Row::as_leased(tx.conn, lease)?,
            found => found?,
        };
        let Some(before) = found else { continue };
        if before.stored().holds(lease.version, tx.now) {
            super::rescue::hand_back(tx, &mut ledger, &before, None)?;
        }
    }
    tx.news.set(true);
    ledger.close(tx)
}
