//! Who runs which batch. A run that was killed gives its batch free at once: its lock is gone with its process.

use std::time::Duration;

use reelq_model::{BatchName, Timestamp, WorkerId};
use rusqlite::{OptionalExtension as _, params};

use super::{tx::Tx, worker_locks::WorkerLocks};
use crate::error::Result;
use reelq_store::{BatchHold, rules::run_lock::RunLockRecord};

pub(super) fn hold(
    tx: &Tx<'_>,
    batch: &BatchName,
    worker: &WorkerId,
    lasts: Duration,
    worker_locks: &WorkerLocks,
) -> Result<BatchHold> {
    let is_dead = |holder: &WorkerId| worker_locks.is_dead(holder.as_str());
    let lock = match RunLockRecord::acquire(tx.now, held(tx, batch)?, worker, lasts, is_dead) {
        Ok(lock) => lock,
        Err(taken) => return Ok(taken),
    };
    tx.conn
        .prepare_cached("INSERT OR REPLACE INTO holds (batch, worker, since, until) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![batch.as_str(), worker.as_str(), lock.since.millis(), lock.until.millis()])?;
    Ok(BatchHold::Held)
}

/// The right that was given last.
fn held(tx: &Tx<'_>, batch: &BatchName) -> Result<Option<RunLockRecord>> {
    let found: Option<(String, i64, i64)> = tx
        .conn
        .prepare_cached("SELECT worker, since, until FROM holds WHERE batch = ?1")?
        .query_row([batch.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((worker, since, until)) = found else { return Ok(None) };
    // A name that no worker can have is damaged: no process lives under it.
    let Ok(worker) = WorkerId::new(worker) else { return Ok(None) };
    let (since, until) = (Timestamp::from_millis(since), Timestamp::from_millis(until));
    Ok(Some(RunLockRecord { worker, since, until }))
}

pub(super) fn leave(tx: &Tx<'_>, batch: &BatchName, worker: &WorkerId) -> Result<()> {
    tx.conn
        .prepare_cached("DELETE FROM holds WHERE batch = ?1 AND worker = ?2")?
        .execute([batch.as_str(), worker.as_str()])?;
    Ok(())
}
