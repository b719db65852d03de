//! Taking back what dead workers held. A lease that ended in `ready` makes the job due, one in `submitting` a replay.

use reelq_model::WorkerId;
use rusqlite::{ToSql, params};

use super::{code, lease, ledger::Ledger, row::Row, tx::Tx, unreadable, worker_locks::WorkerLocks};
use crate::error::Result;
use reelq_store::transition;

/// [`bounds::FOLLOWED`](reelq_store::rules::bounds::FOLLOWED), in statements.
macro_rules! followed_until {
    () => {
        "253402207200001"
    };
}

/// At most this many leases are taken back in one transaction.
const AT_ONCE: i64 = 10_000;

/// Takes back leases whose time has passed, and what workers follow whose time has.
pub(super) fn expired(tx: &Tx<'_>) -> Result<u64> {
    let sql = "SELECT seq FROM jobs WHERE lease_until <= ?1 LIMIT ?2";
    let mut taken = take_back(tx, sql, tx.now.millis(), "its time passed")?;
    let mut lapsed = tx.conn.prepare_cached("SELECT id FROM workers WHERE follows_until <= ?1")?;
    let lapsed: Vec<i64> = lapsed.query_map([tx.now.millis()], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for worker in lapsed {
        taken += followed_by(tx, worker)?;
    }
    Ok(taken)
}

const FOLLOWED: &str =
    concat!("SELECT seq FROM jobs WHERE lease_until = ", followed_until!(), " AND worker = ?1 LIMIT ?2");

/// Takes back what a worker follows that was not heard in time. Nothing is told to it: it learns that all has ended.
fn followed_by(tx: &Tx<'_>, worker: i64) -> Result<u64> {
    let taken = take_back(tx, FOLLOWED, worker, "its worker was not heard")?;
    if taken < code::count(AT_ONCE) {
        let sql = "UPDATE workers SET follows_until = NULL WHERE id = ?1 AND follows_until IS NOT NULL";
        tx.conn.prepare_cached(sql)?.execute([worker])?;
        tx.conn.prepare_cached("DELETE FROM unfollowed WHERE worker = ?1")?.execute([worker])?;
    }
    Ok(taken)
}

/// The same as one step of its own; whether nothing is left.
pub(super) fn of_follower(tx: &Tx<'_>, worker: i64) -> Result<bool> {
    Ok(followed_by(tx, worker)? < code::count(AT_ONCE))
}

/// Takes back whatever a worker holds.
pub(super) fn of_worker(tx: &Tx<'_>, worker: i64) -> Result<u64> {
    let sql = "SELECT seq FROM jobs INDEXED BY jobs_leased WHERE lease_until IS NOT NULL AND worker = ?1 LIMIT ?2";
    take_back(tx, sql, worker, "its worker is gone")
}

fn take_back(tx: &Tx<'_>, sql: &str, key: impl ToSql, why: &'static str) -> Result<u64> {
    let rows: Vec<i64> = tx
        .conn
        .prepare_cached(sql)?
        .query_map(params![key, AT_ONCE], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if rows.is_empty() {
        return Ok(0);
    }
    let mut ledger = Ledger::default();
    for seq in &rows {
        let Some(before) = unreadable::readable(tx, Row::by_seq(tx.conn, *seq))? else { continue };
        hand_back(tx, &mut ledger, &before, Some(why))?;
    }
    ledger.close(tx)?;
    tx.news.set(true);
    Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
}

/// Ends one lease without an event of its holder.
pub(super) fn hand_back(tx: &Tx<'_>, ledger: &mut Ledger, before: &Row, why: Option<&'static str>) -> Result<()> {
    before.change(tx, ledger, transition::hand_back(tx.now, &before.stored(), why)).map(drop)
}

/// Notes that a worker lives, and takes back the leases of those that do not.
pub(super) fn heartbeat(tx: &Tx<'_>, worker: &WorkerId, worker_locks: &WorkerLocks) -> Result<u64> {
    let id = lease::worker(tx, worker)?;
    tx.conn.prepare_cached("UPDATE workers SET seen_at = ?1 WHERE id = ?2")?.execute(params![tx.now.millis(), id])?;
    Ok(expired(tx)? + dead(tx, worker_locks)?)
}

/// Takes back the leases of processes that certainly ended, and forgets their workers.
fn dead(tx: &Tx<'_>, worker_locks: &WorkerLocks) -> Result<u64> {
    let workers: Vec<(i64, String)> = tx
        .conn
        .prepare_cached("SELECT id, name FROM workers")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut taken = 0;
    for (id, name) in workers {
        if worker_locks.is_dead(&name) {
            taken += forget(tx, id)?;
            worker_locks.bury(&name);
        }
    }
    Ok(taken)
}

const FORGET: &str = "DELETE FROM workers WHERE id = ?1 AND NOT EXISTS \
    (SELECT 1 FROM jobs INDEXED BY jobs_leased WHERE lease_until IS NOT NULL AND worker = ?1)";

/// Takes back everything that a worker holds and removes its row.
pub(super) fn forget(tx: &Tx<'_>, worker: i64) -> Result<u64> {
    let taken = of_worker(tx, worker)?;
    // With more leases than one transaction takes back, the row stays for the next heartbeat.
    tx.conn.prepare_cached(FORGET)?.execute([worker])?;
    tx.conn.prepare_cached("DELETE FROM unfollowed WHERE worker = ?1")?.execute([worker])?;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    #[test]
    fn statements_and_rules_mean_the_same_time() {
        assert_eq!(followed_until!(), reelq_store::rules::bounds::FOLLOWED.millis().to_string());
    }
}
