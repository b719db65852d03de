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

/// The generation of lines that are gone: no load has this number. Each stands at its job's number instead of its place.
pub(super) const OF_GONE: i64 = -1;

const UNLISTED: &str = "FROM jobs j LEFT JOIN specs s ON s.seq = j.seq \
    LEFT JOIN lines l ON l.batch = j.batch AND l.generation = ?4 AND l.position = j.seq LEFT JOIN workers w ON w.id = j.worker \
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
    let views = listed(conn, &batch, page)?;
    let left = page.limit - views.len().min(page.limit);
    let mut lines: Vec<_> = views.into_iter().map(|view| (view, false)).collect();
    if left > 0 {
        let after = code::int(page.after).saturating_sub(batch.lines).max(0);
        let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS}, {AROUND} {UNLISTED}"))?;
        let mut rows = statement.query(params![batch.id, code::limit(left), after, OF_GONE])?;
        lines.extend(listing::collect(conn, &mut rows)?.into_iter().map(|view| (view, true)));
    }
    lines.into_iter().map(|(view, is_gone)| with_orphans(conn, &batch, view, is_gone)).collect()
}

fn listed(conn: &Connection, batch: &Batch, page: Page) -> Result<Vec<JobView>> {
    // A line whose record was removed is accounted for all the same.
    let columns = COLUMNS.replacen("s.id AS id", "l.job AS id", 1);
    let mut statement = conn.prepare_cached(&format!("SELECT {columns}, {AROUND} {LISTED}"))?;
    let after = code::int(page.after);
    let mut rows = statement.query(params![batch.id, batch.generation, after, code::limit(page.limit)])?;
    listing::collect(conn, &mut rows)
}

fn with_orphans(conn: &Connection, batch: &Batch, view: JobView, is_gone: bool) -> Result<ResultLine> {
    let orphans = if batch.orphans == 0 { Vec::new() } else { orphans(conn, view.job.id)? };
    Ok(if is_gone { ResultLine::of_gone(view, orphans) } else { ResultLine { view, orphans, former: None } })
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
