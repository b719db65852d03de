//! Removing a finished batch, a bounded part in each transaction. A batch that is being removed can only be removed further.

use reelq_model::{BatchName, Status};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{code, finish, tasks, tx::Tx, views};
use crate::error::Result;
use reelq_store::{Error, Purge, Unfinished};

/// At most this many rows of a table go in one step.
const STEP: usize = 2_000;

const FIND: &str = "SELECT id, whole AND loading IS NOT NULL FROM batches WHERE name = ?1";

/// The last lines of a status first, along an index.
const JOBS: &str = "SELECT seq FROM jobs WHERE batch = ?1 ORDER BY status DESC, account DESC, position DESC LIMIT ?2";

/// A load that never became a manifest ends here: whoever is at it is told so.
const MARK: &str = "UPDATE batches SET purging = 1, loading = NULL, loading_draft = NULL WHERE id = ?1 \
    AND (NOT purging OR loading IS NOT NULL)";

const LINES: &str = "DELETE FROM lines WHERE (batch, generation, position) IN \
    (SELECT batch, generation, position FROM lines WHERE batch = ?1 LIMIT ?2)";
/// Specs of a load that brought no jobs.
const SPECS: &str =
    "DELETE FROM specs WHERE seq IN (SELECT seq FROM staged WHERE batch = ?1 AND NOT known ORDER BY seq LIMIT ?2)";
const STAGED: &str = "DELETE FROM staged WHERE (batch, seq) IN \
    (SELECT batch, seq FROM staged WHERE batch = ?1 ORDER BY seq LIMIT ?2)";

pub(super) fn purge(tx: &Tx<'_>, name: &BatchName) -> Result<Purge> {
    let conn = tx.conn;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?));
    let found = conn.prepare_cached(FIND)?.query_row([name.as_str()], read).optional()?;
    let (batch, loading) = found.ok_or_else(|| Error::NoBatch(name.to_string()))?;
    let unfinished = unfinished(conn, batch, loading)?;
    if !unfinished.is_finished() {
        return Ok(Purge::Refused(unfinished));
    }
    conn.prepare_cached(MARK)?.execute([batch])?;
    tx.news.set(true);
    let jobs = remove_jobs(conn, batch)?;
    let rest = [LINES, SPECS, STAGED].map(|sql| remove(conn, sql, batch));
    let more = rest.into_iter().collect::<Result<Vec<_>>>()?.contains(&STEP) || jobs == STEP;
    let jobs = code::count(code::limit(jobs));
    finish::give_back(conn)?;
    if more {
        return Ok(Purge::Going { jobs });
    }
    conn.prepare_cached("DELETE FROM batch_counts WHERE batch = ?1")?.execute([batch])?;
    conn.prepare_cached("DELETE FROM batches WHERE id = ?1")?.execute([batch])?;
    Ok(Purge::Done { jobs })
}

/// Judged anew at each step: a charge that no one expected may have come since.
fn unfinished(conn: &Connection, batch: i64, loading: bool) -> Result<Unfinished> {
    let (listed, others) = (views::counts(conn, batch, true)?, views::counts(conn, batch, false)?);
    Ok(Unfinished {
        outstanding: listed.outstanding() + others.outstanding(),
        unconfirmed: listed.of(Status::Unconfirmed) + others.of(Status::Unconfirmed),
        loading,
    })
}

fn remove_jobs(conn: &Connection, batch: i64) -> Result<usize> {
    let jobs: Vec<i64> = conn
        .prepare_cached(JOBS)?
        .query_map(params![batch, code::limit(STEP)], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for job in &jobs {
        tasks::forget(conn, *job)?;
        conn.prepare_cached("DELETE FROM jobs WHERE seq = ?1")?.execute([job])?;
        conn.prepare_cached("DELETE FROM specs WHERE seq = ?1")?.execute([job])?;
    }
    Ok(jobs.len())
}

fn remove(conn: &Connection, sql: &str, batch: i64) -> Result<usize> {
    Ok(conn.prepare_cached(sql)?.execute(params![batch, code::limit(STEP)])?)
}
