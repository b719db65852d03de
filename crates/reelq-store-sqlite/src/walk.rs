//! A part of the jobs that a filter means, from a cursor on, in the order of the manifest. Each status and account has its
//! own stretch of an index, so that hardly a job is stepped over that is not wanted.

use std::collections::BTreeMap;

use reelq_store::{Cursor, JobFilter, JobView, Scanned};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{code, listing, walk_wanted::Wanted};
use crate::error::Result;

/// At most this many jobs, or lines, are stepped over in one part: it reads from one state, and holds up the end of the log.
const PASSED: i64 = 20_000;

/// At most so many batches are looked into in one part.
const BATCHES: usize = 100;

/// What was found: each with its place and its row number, and up to where that is all there is; `None` up to the end.
#[derive(Debug, Default)]
struct Stretch {
    found: Vec<(i64, i64)>,
    to: Option<i64>,
}

impl Stretch {
    /// Nothing is known behind `to`, where it is given.
    fn end_at(&mut self, to: Option<i64>) {
        self.to = self.to.into_iter().chain(to).min();
    }

    /// The first `limit` of those that are known for sure.
    fn cut(mut self, limit: usize) -> Self {
        self.found.sort_unstable();
        if let Some(to) = self.to {
            self.found.retain(|(place, _)| *place <= to);
        }
        if self.found.len() > limit {
            self.found.truncate(limit);
            self.to = self.found.last().map(|(place, _)| *place);
        }
        self
    }
}

pub(super) fn scan(conn: &Connection, filter: &JobFilter, from: &Cursor, limit: usize) -> Result<Scanned> {
    let mut scanned = Scanned::default();
    let Some(wanted) = Wanted::of(conn, filter)? else { return Ok(scanned) };
    if !filter.ids.is_empty() {
        return named(conn, &wanted, from, limit);
    }
    scanned.next = wanted.batch_from(conn, *from)?;
    for _ in 0..BATCHES {
        let Some(cursor) = scanned.next.filter(|_| scanned.views.len() < limit) else { break };
        let stretch = stretch(conn, &wanted, cursor, limit - scanned.views.len())?;
        scanned.views.extend(listing::of_rows(conn, stretch.found.iter().map(|(_, seq)| *seq))?);
        scanned.next = match stretch.to {
            Some(to) => Some(Cursor { at: to.saturating_add(1), ..cursor }),
            None if !cursor.unlisted => Some(Cursor { unlisted: true, at: 0, ..cursor }),
            None => wanted.batch_from(conn, Cursor { batch: cursor.batch.saturating_add(1), ..Cursor::default() })?,
        };
        if stretch.to.is_some() {
            break;
        }
    }
    Ok(scanned)
}

fn stretch(conn: &Connection, wanted: &Wanted<'_>, cursor: Cursor, limit: usize) -> Result<Stretch> {
    match (cursor.unlisted, wanted.filter.rows.is_empty()) {
        (false, true) => listed(conn, wanted, cursor, limit),
        (false, false) => rows(conn, wanted, cursor, limit),
        (true, true) => unlisted(conn, wanted, cursor, limit),
        // What has no line is no row.
        (true, false) => Ok(Stretch::default()),
    }
}

/// Of a status and an account in the order of the manifest. A kind of failure is in no index.
const LISTED: &str = "SELECT position, seq, NULL FROM jobs WHERE batch = ?1 AND status = ?2 AND account = ?3 \
    AND position >= ?4 ORDER BY position LIMIT ?5";
const FAILED: &str = "SELECT position, seq, failure FROM jobs WHERE batch = ?1 AND status = ?2 AND account = ?3 \
    AND position >= ?4 ORDER BY position LIMIT ?5";

/// Jobs with a line: the first of each status and account that is wanted, put together.
fn listed(conn: &Connection, wanted: &Wanted<'_>, cursor: Cursor, limit: usize) -> Result<Stretch> {
    let (sql, most) = if wanted.filter.failures.is_empty() {
        (LISTED, code::limit(limit).saturating_add(1))
    } else {
        (FAILED, PASSED)
    };
    let mut statement = conn.prepare_cached(sql)?;
    let mut whole = Stretch::default();
    for (status, account) in wanted.groups(conn, cursor.batch)? {
        let mut rows = statement.query(params![cursor.batch, status, account, cursor.at, most])?;
        let (mut passed, mut met) = (0, 0);
        while let Some(row) = rows.next()? {
            // What is no number sorts behind all numbers, and is no place.
            let Some(position) = code::whole(row, 0)? else { break };
            let seq = row.get(1)?;
            passed += 1;
            if wanted.fails_so(row.get_ref(2)?) {
                met += 1;
                whole.found.push((position, seq));
            }
            if passed == most || met > limit {
                whole.end_at(Some(position));
                break;
            }
        }
    }
    Ok(whole.cut(limit))
}

const UNLISTED: &str = "SELECT seq, batch, status, account, failure FROM jobs WHERE batch = ?1 AND position IS NULL \
    AND (bought OR status < 5) AND seq >= ?2 ORDER BY seq LIMIT ?3";

/// Jobs without a line, by age: usually a few.
fn unlisted(conn: &Connection, wanted: &Wanted<'_>, cursor: Cursor, limit: usize) -> Result<Stretch> {
    let mut statement = conn.prepare_cached(UNLISTED)?;
    let mut rows = statement.query(params![cursor.batch, cursor.at, PASSED])?;
    let (mut whole, mut passed) = (Stretch::default(), 0);
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get("seq")?;
        passed += 1;
        whole.found.extend(wanted.passes(row)?.then_some((seq, seq)));
        if passed == PASSED || whole.found.len() == limit {
            whole.end_at(Some(seq));
            break;
        }
    }
    Ok(whole)
}

const ROWS: &str = "SELECT position, job FROM lines WHERE batch = ?1 AND generation = ?2 AND position >= ?3 \
    AND position < ?4 AND line IN (SELECT value FROM json_each(?5)) ORDER BY position LIMIT ?6";
const ENDS: &str = "SELECT b.generation, coalesce((SELECT max(position) FROM lines WHERE batch = b.id \
    AND generation = b.generation), -1) FROM batches b WHERE b.id = ?1";
const BY_ID: &str = "SELECT j.seq AS seq, j.batch AS batch, j.status AS status, j.account AS account, \
    j.failure AS failure, j.position AS position FROM specs s JOIN jobs j ON j.seq = s.seq WHERE s.id = ?1";

/// Jobs of named rows: the lines are few bytes each, and there is no index by row.
fn rows(conn: &Connection, wanted: &Wanted<'_>, cursor: Cursor, limit: usize) -> Result<Stretch> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let (generation, last) = conn.prepare_cached(ENDS)?.query_row([cursor.batch], read)?;
    let end = cursor.at.saturating_add(PASSED);
    let mut statement = conn.prepare_cached(ROWS)?;
    let wanted_rows = serde_json::json!(wanted.filter.rows).to_string();
    let key = params![cursor.batch, generation, cursor.at, end, wanted_rows, code::limit(limit)];
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?));
    let lines: Vec<(i64, Vec<u8>)> = statement.query_map(key, read)?.collect::<rusqlite::Result<_>>()?;
    let mut whole = Stretch { found: Vec::new(), to: (end <= last).then_some(end - 1) };
    if lines.len() == limit {
        whole.end_at(lines.last().map(|(position, _)| *position));
    }
    let mut by_id = conn.prepare_cached(BY_ID)?;
    for (position, job) in lines {
        let found = by_id.query_row([job], |row| Ok((row.get(0)?, wanted.passes(row)))).optional()?;
        if let Some((seq, passes)) = found {
            whole.found.extend(passes?.then_some((position, seq)));
        }
    }
    Ok(whole)
}

/// Jobs by their ids, whether they are shown otherwise or not.
fn named(conn: &Connection, wanted: &Wanted<'_>, from: &Cursor, limit: usize) -> Result<Scanned> {
    let mut by_id = conn.prepare_cached(BY_ID)?;
    let mut found = BTreeMap::new();
    for id in &wanted.filter.ids {
        let mut rows = by_id.query([id.as_bytes()])?;
        let Some(row) = rows.next()? else { continue };
        let (seq, position) = (row.get("seq")?, code::whole(row, "position")?);
        let batch = code::whole(row, "batch")?.unwrap_or(0);
        if wanted.passes(row)? {
            found.insert(Cursor { batch, unlisted: position.is_none(), at: position.unwrap_or(seq) }, seq);
        }
    }
    let mut scanned = Scanned::default();
    for (place, seq) in found.range(from..) {
        if scanned.views.len() == limit {
            scanned.next = Some(*place);
            break;
        }
        let is_row = |view: &JobView| {
            let rows = &wanted.filter.rows;
            rows.is_empty() || view.line.as_ref().is_some_and(|line| rows.contains(&line.row))
        };
        scanned.views.extend(listing::of_rows(conn, std::iter::once(*seq))?.into_iter().filter(is_row));
    }
    Ok(scanned)
}
