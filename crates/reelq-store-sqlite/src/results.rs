//! The result manifest to be: each line with its job, then bought jobs whose line is gone.

use reelq_model::{BatchName, Job, JobId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    code,
    listing::{self, AROUND},
    row::{COLUMNS, FROM, Row},
};
use crate::error::Result;
use reelq_store::{Error, JobView, Page, ResultLine};

const LISTED: &str = "FROM lines l LEFT JOIN specs s ON s.id = l.job LEFT JOIN jobs j ON j.seq = s.seq LEFT JOIN workers w ON w.id = j.worker \
    WHERE l.batch = ?1 AND l.generation = ?2 AND l.position >= ?3 ORDER BY l.position LIMIT ?4";

/// No line joins: these have none.
const UNLISTED: &str = "FROM jobs j LEFT JOIN specs s ON s.seq = j.seq LEFT JOIN lines l ON 0 LEFT JOIN workers w ON w.id = j.worker \
    WHERE j.batch = ?1 AND j.position IS NULL AND (j.bought OR j.status < 5) AND j.bought AND j.orphan_of IS NULL \
    ORDER BY j.seq LIMIT ?2 OFFSET ?3";

struct Batch {
    id: i64,
    generation: i64,
    lines: i64,
    orphans: i64,
}

pub(super) fn results(conn: &Connection, name: &BatchName, page: Page) -> Result<Vec<ResultLine>> {
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Batch { id: row.get(0)?, generation: row.get(1)?, lines: row.get(2)?, orphans: row.get(3)? })
    };
    let batch = conn
        .prepare_cached("SELECT id, generation, lines, orphans FROM batches WHERE name = ?1")?
        .query_row([name.as_str()], read)
        .optional()?;
    let batch = batch.ok_or_else(|| Error::NoBatch(name.to_string()))?;
    let mut views = listed(conn, &batch, page)?;
    let left = page.limit - views.len().min(page.limit);
    if left > 0 {
        let after = code::int(page.after).saturating_sub(batch.lines).max(0);
        let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS}, {AROUND} {UNLISTED}"))?;
        let mut rows = statement.query(params![batch.id, code::limit(left), after])?;
        views.extend(listing::collect(conn, &mut rows)?);
    }
    views.into_iter().map(|view| with_orphans(conn, &batch, view)).collect()
}

fn listed(conn: &Connection, batch: &Batch, page: Page) -> Result<Vec<JobView>> {
    // A line whose record was removed is accounted for all the same.
    let columns = COLUMNS.replacen("s.id AS id", "l.job AS id", 1);
    let mut statement = conn.prepare_cached(&format!("SELECT {columns}, {AROUND} {LISTED}"))?;
    let after = code::int(page.after);
    let mut rows = statement.query(params![batch.id, batch.generation, after, code::limit(page.limit)])?;
    listing::collect(conn, &mut rows)
}

fn with_orphans(conn: &Connection, batch: &Batch, view: JobView) -> Result<ResultLine> {
    let orphans = if batch.orphans == 0 { Vec::new() } else { orphans(conn, view.job.id)? };
    Ok(ResultLine { view, orphans })
}

fn orphans(conn: &Connection, job: JobId) -> Result<Vec<Job>> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {COLUMNS} {FROM} WHERE j.orphan_of = ?1 ORDER BY j.seq"))?;
    let mut rows = statement.query([job.as_bytes()])?;
    let mut orphans = Vec::new();
    while let Some(row) = rows.next()? {
        match Row::read(row) {
            Ok(orphan) => orphans.push(orphan.job),
            Err(error) => tracing::error!(%job, %error, "the record of a second charge is passed over"),
        }
    }
    Ok(orphans)
}
