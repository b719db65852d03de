//! Winning, keeping and finishing ticks. A token that is not the row's own changes nothing.

use std::time::Duration;

use reelq_model::{BatchName, ScheduleName, Timestamp, WorkerId};
use rusqlite::{Connection, Row, params};

use super::{code, spans, tx::Tx, worker_locks::WorkerLocks};
use crate::error::Result;
use reelq_store::rules::ticks::{self, TickStanding};
use reelq_store::{Error, TICKS_KEPT, TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan, TickState, TickView};

/// The schedule's mark; a new schedule's is the present time. One that a clock set which was ahead comes back to the present:
/// what was fired since then has its record, or lies in a span of what is over.
pub(super) fn schedule(tx: &Tx<'_>, name: &ScheduleName) -> Result<Timestamp> {
    let (id, mark) = known(tx, name)?;
    let present = tx.wall.millis();
    if mark > present {
        tx.conn.prepare_cached("UPDATE schedules SET mark = ?1 WHERE id = ?2")?.execute([present, id])?;
    }
    Ok(Timestamp::from_millis(mark.min(present)))
}

/// A winner whose process has certainly ended is not waited for.
pub(super) fn claim(tx: &Tx<'_>, claim: &TickClaim, worker_locks: &WorkerLocks) -> Result<TickClaimed> {
    let (id, mark) = known(tx, &claim.schedule)?;
    let standing = standing(tx.conn, id, claim.at)?;
    // Of a tick that has a row, the row alone counts.
    let over = if standing.is_none() { spans::of(tx.conn, id)? } else { Vec::new() };
    let is_dead = |worker: &WorkerId| worker_locks.is_dead(worker.as_str());
    let claimed = ticks::claim(tx.now, claim, standing, Timestamp::from_millis(mark), &over, is_dead);
    if let TickClaimed::Won(lease) = &claimed {
        win(tx, id, claim, lease)?;
    }
    Ok(claimed)
}

/// The schedule's row and mark.
fn known(tx: &Tx<'_>, name: &ScheduleName) -> Result<(i64, i64)> {
    let sql = "INSERT INTO schedules (name, mark) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
    tx.conn.prepare_cached(sql)?.execute(params![name.as_str(), tx.wall.millis()])?;
    let sql = "SELECT id, mark FROM schedules WHERE name = ?1";
    Ok(tx.conn.prepare_cached(sql)?.query_row([name.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

fn standing(conn: &Connection, schedule: i64, at: Timestamp) -> Result<Option<TickStanding>> {
    let sql = "SELECT state, token, late, worker, lease_until FROM ticks WHERE schedule = ?1 AND at = ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params![schedule, at.millis()])?;
    rows.next()?.map(read_standing).transpose()
}

fn read_standing(row: &Row<'_>) -> Result<TickStanding> {
    Ok(TickStanding {
        state: read_state(row.get(0)?)?,
        token: code::count(row.get(1)?),
        late: row.get(2)?,
        worker: read_worker(row.get(3)?)?,
        lease_until: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_millis),
    })
}

fn win(tx: &Tx<'_>, schedule: i64, claim: &TickClaim, lease: &TickLease) -> Result<()> {
    let until = tx.now.after(claim.lease).millis();
    tx.conn
        .prepare_cached(
            "INSERT INTO ticks (schedule, at, state, token, late, worker, lease_until, changed_at, after, reason) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '') ON CONFLICT (schedule, at) DO UPDATE SET \
             state = ?3, token = ?4, worker = ?6, lease_until = ?7, changed_at = ?8",
        )?
        .execute(params![
            schedule,
            claim.at.millis(),
            state(TickState::Firing),
            code::int(lease.token),
            lease.late,
            claim.worker.as_str(),
            until,
            tx.now.millis(),
            claim.after.map(Timestamp::millis)
        ])?;
    if let Some(passes) = claim.passes {
        raise(tx.conn, schedule, passes.millis())?;
    }
    tx.news.set(true);
    Ok(())
}

fn raise(conn: &Connection, schedule: i64, mark: i64) -> Result<()> {
    conn.prepare_cached("UPDATE schedules SET mark = max(mark, ?1) WHERE id = ?2")?.execute([mark, schedule])?;
    Ok(())
}

pub(super) fn extend(tx: &Tx<'_>, lease: &TickLease, lasts: Duration) -> Result<bool> {
    let (now, until) = (tx.now.millis(), tx.now.after(lasts).millis());
    let sql = "UPDATE ticks SET lease_until = max(lease_until, ?1) WHERE at = ?2 AND token = ?3 AND state = 0 \
               AND lease_until > ?4 AND schedule = (SELECT id FROM schedules WHERE name = ?5)";
    let values = params![until, lease.at.millis(), code::int(lease.token), now, lease.schedule.as_str()];
    Ok(tx.conn.prepare_cached(sql)?.execute(values)? == 1)
}

pub(super) fn release(tx: &Tx<'_>, lease: &TickLease) -> Result<()> {
    let sql = "UPDATE ticks SET lease_until = ?1 WHERE at = ?2 AND token = ?3 AND state = 0 \
               AND schedule = (SELECT id FROM schedules WHERE name = ?4)";
    let values = params![tx.now.millis(), lease.at.millis(), code::int(lease.token), lease.schedule.as_str()];
    if tx.conn.prepare_cached(sql)?.execute(values)? == 1 {
        tx.news.set(true);
    }
    Ok(())
}

pub(super) fn finish(tx: &Tx<'_>, lease: &TickLease, outcome: &TickOutcome) -> Result<bool> {
    let (id, _) = known(tx, &lease.schedule)?;
    let row = match standing(tx.conn, id, lease.at)? {
        Some(row) if row.token == lease.token => row,
        _ => return Ok(false),
    };
    if row.state != TickState::Firing {
        return Ok(true);
    }
    let end = outcome.end();
    let sql = "UPDATE ticks SET state = ?1, lease_until = NULL, changed_at = ?2, batch = ?3, reason = ?4 \
               WHERE schedule = ?5 AND at = ?6";
    let batch = outcome.batch.as_ref().map(BatchName::as_str);
    let values = params![state(end), tx.now.millis(), batch, outcome.reason, id, lease.at.millis()];
    tx.conn.prepare_cached(sql)?.execute(values)?;
    if end.is_over() {
        trim(tx.conn, id)?;
    }
    tx.news.set(true);
    Ok(true)
}

/// Drops what was finished earliest beyond what is kept, of ticks that were fired (state 2) and of those that were not; their
/// spans remember them. By when they were finished: their own times may be a clock's that was ahead.
fn trim(conn: &Connection, schedule: i64) -> Result<()> {
    let dropped = [beyond(conn, schedule, true)?, beyond(conn, schedule, false)?].concat();
    if dropped.is_empty() {
        return Ok(());
    }
    let mut over = spans::of(conn, schedule)?;
    for span in dropped {
        let sql = "DELETE FROM ticks WHERE schedule = ?1 AND at = ?2";
        conn.prepare_cached(sql)?.execute([schedule, span.until.millis()])?;
        ticks::add_span(&mut over, span);
    }
    spans::keep(conn, schedule, &over)
}

/// The spans of finished ticks that are not kept.
fn beyond(conn: &Connection, schedule: i64, fired: bool) -> Result<Vec<TickSpan>> {
    let sql = "SELECT coalesce(after, at - 1), at FROM ticks WHERE schedule = ?1 AND state >= 2 AND (state = 2) = ?2 \
               ORDER BY changed_at DESC, at DESC LIMIT -1 OFFSET ?3";
    let mut statement = conn.prepare_cached(sql)?;
    let time = |row: &Row<'_>, column| row.get(column).map(Timestamp::from_millis);
    let span = |row: &Row<'_>| Ok(TickSpan { after: time(row, 0)?, until: time(row, 1)? });
    let found = statement.query_map(params![schedule, fired, code::limit(TICKS_KEPT)], span)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

const VIEW: &str = "SELECT t.at, t.state, t.late, t.worker, t.lease_until, t.changed_at, t.batch, t.reason \
    FROM ticks t JOIN schedules s ON s.id = t.schedule WHERE s.name = ?1";

pub(super) fn newest(conn: &Connection, name: &ScheduleName, limit: usize) -> Result<Vec<TickView>> {
    let mut statement = conn.prepare_cached(&format!("{VIEW} ORDER BY t.changed_at DESC, t.at DESC LIMIT ?2"))?;
    views(statement.query(params![name.as_str(), code::limit(limit)])?)
}

pub(super) fn open(conn: &Connection, name: &ScheduleName) -> Result<Vec<TickView>> {
    let mut statement = conn.prepare_cached(&format!("{VIEW} AND t.state < 2 ORDER BY t.at"))?;
    views(statement.query([name.as_str()])?)
}

fn views(mut rows: rusqlite::Rows<'_>) -> Result<Vec<TickView>> {
    let mut views = Vec::new();
    while let Some(row) = rows.next()? {
        views.push(view(row)?);
    }
    Ok(views)
}

fn view(row: &Row<'_>) -> Result<TickView> {
    let batch: Option<String> = row.get(6)?;
    let until: Option<i64> = row.get(4)?;
    Ok(TickView {
        at: Timestamp::from_millis(row.get(0)?),
        state: read_state(row.get(1)?)?,
        late: row.get(2)?,
        worker: read_worker(row.get(3)?)?,
        lease_until: until.map(Timestamp::from_millis),
        changed_at: Timestamp::from_millis(row.get(5)?),
        batch: batch.map(BatchName::new).transpose().map_err(|error| Error::broken(error.to_string()))?,
        reason: row.get(7)?,
    })
}

/// Open states are below 2: the index of open ticks and the trimming lean on it.
const STATES: [TickState; 5] =
    [TickState::Firing, TickState::Waiting, TickState::Fired, TickState::Skipped, TickState::Failed];

fn state(state: TickState) -> i64 {
    STATES.iter().zip(0..).find_map(|(each, code)| (*each == state).then_some(code)).unwrap_or(4)
}

fn read_state(code: i64) -> Result<TickState> {
    let found = usize::try_from(code).ok().and_then(|index| STATES.get(index).copied());
    Ok(found.ok_or_else(|| Error::broken(format!("`{code}` stands for no tick's state")))?)
}

fn read_worker(name: String) -> Result<WorkerId> {
    Ok(WorkerId::new(name).map_err(|error| Error::broken(error.to_string()))?)
}
