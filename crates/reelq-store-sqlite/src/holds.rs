//! Who runs which batch. A run that was killed gives its batch free at once: its lock is gone with its process.

use std::time::Duration;

use reelq_model::{BatchName, Timestamp, WorkerId};
use rusqlite::{OptionalExtension as _, params};

use super::{tx::Tx, worker_locks::WorkerLocks};
use crate::error::Result;
use reelq_store::{BatchHold, Error};

pub(super) fn hold(
    tx: &Tx<'_>,
    batch: &BatchName,
    worker: &WorkerId,
    lasts: Duration,
    worker_locks: &WorkerLocks,
) -> Result<BatchHold> {
    let found: Option<(String, i64, i64)> = tx
        .conn
        .prepare_cached("SELECT worker, since, until FROM holds WHERE batch = ?1")?
        .query_row([batch.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let mut since = tx.now;
    if let Some((holder, from, until)) = found {
        let until = Timestamp::from_millis(until);
        if holder == worker.as_str() {
            since = Timestamp::from_millis(from);
        } else if until > tx.now && !worker_locks.is_dead(&holder) {
            let worker = WorkerId::new(holder).map_err(|error| Error::broken(error.to_string()))?;
            let since = Timestamp::from_millis(from);
            return Ok(BatchHold::Taken { worker, since, ends_in: until.since(tx.now) });
        }
    }
    let until = tx.now.after(lasts).millis();
    tx.conn
        .prepare_cached("INSERT OR REPLACE INTO holds (batch, worker, since, until) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![batch.as_str(), worker.as_str(), since.millis(), until])?;
    Ok(BatchHold::Held)
}

pub(super) fn leave(tx: &Tx<'_>, batch: &BatchName, worker: &WorkerId) -> Result<()> {
    tx.conn
        .prepare_cached("DELETE FROM holds WHERE batch = ?1 AND worker = ?2")?
        .execute([batch.as_str(), worker.as_str()])?;
    Ok(())
}
