//! Jobs with what the store knows around them, one or by filter.

use std::collections::BTreeMap;

use reelq_model::{JobId, Status, WorkerId};
use rusqlite::{
    Connection, Row as SqlRow, params, params_from_iter,
    types::{Value, ValueRef},
};

use super::{
    code,
    ledger::shown,
    row::{COLUMNS, Row},
    unreadable,
};
use crate::error::{Result, StepError};
use reelq_store::{Error, JobFilter, JobView, Line, Page, Unread};

/// What [`read`] needs beside the job's own columns.
pub(super) const AROUND: &str = "l.line AS line, l.copy AS copy, l.label AS label, l.passthrough AS passthrough, \
    w.name AS worker_name";

const JOINS: &str = "FROM jobs j LEFT JOIN specs s ON s.seq = j.seq JOIN batches b ON b.id = j.batch \
    LEFT JOIN lines l ON l.batch = j.batch AND l.generation = b.generation AND l.position = j.position \
    LEFT JOIN workers w ON w.id = j.worker";

pub(super) fn job(conn: &Connection, id: JobId) -> Result<Option<JobView>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS}, {AROUND} {JOINS} WHERE j.seq = (SELECT seq FROM specs WHERE id = ?1)"
    ))?;
    let mut rows = statement.query([id.as_bytes()])?;
    rows.next()?.map(read).transpose()
}

pub(super) fn read(row: &SqlRow<'_>) -> Result<JobView> {
    let (line, unread) = shown_line(row)?;
    let worker = code::text(row, "worker_name")?;
    let row = Row::read(row)?;
    Ok(JobView {
        unread: unread.map(Unread::Line),
        line,
        due: row.due.filter(|_| !row.in_hand()),
        worker: worker.and_then(|name| WorkerId::new(name).ok()),
        cancel_requested: row.stored().cancel_is_requested() && !row.job.stage.is_terminal(),
        parked: row.parked,
        job: row.job,
    })
}

/// The line of a job's row; by its number alone where it cannot be read whole.
pub(super) fn line(conn: &Connection, row: &Row) -> Result<Option<Line>> {
    let sql = "SELECT l.line AS line, l.copy AS copy, l.label AS label, l.passthrough AS passthrough, \
        l.position AS position FROM batches b JOIN lines l ON l.batch = b.id AND l.generation = b.generation \
        WHERE b.id = ?1 AND l.position = ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params![row.batch, row.position])?;
    Ok(rows.next()?.map(shown_line).transpose()?.and_then(|(line, _)| line))
}

/// The line, and why it cannot be read whole: then it is shown by its number alone.
pub(super) fn shown_line(row: &SqlRow<'_>) -> Result<(Option<Line>, Option<String>)> {
    if row.get_ref("line")? == ValueRef::Null {
        return Ok((None, None));
    }
    let (number, copy) = (code::whole(row, "line")?, code::whole(row, "copy")?);
    // A number that is damaged is near the line's place.
    let number = number.or(code::whole(row, "position")?.map(|position| position.saturating_add(1)));
    let copy = copy.and_then(|copy| u32::try_from(copy).ok());
    let bare = Line {
        row: code::count(number.unwrap_or(0)),
        copy: copy.unwrap_or(1),
        label: None,
        passthrough: BTreeMap::new(),
    };
    Ok(match read_line(row) {
        Ok(line) => (Some(line), None),
        Err(error) => (Some(bare), Some(error.to_string())),
    })
}

fn read_line(row: &SqlRow<'_>) -> Result<Line> {
    let passthrough: Option<String> = row.get("passthrough")?;
    let passthrough = passthrough.as_deref().map(serde_json::from_str).transpose();
    Ok(Line {
        row: code::count(row.get("line")?),
        copy: row.get("copy")?,
        label: row.get("label")?,
        passthrough: passthrough.map_err(|error| Error::broken(error.to_string()))?.unwrap_or_default(),
    })
}

/// Conditions of a filter, with their values.
#[derive(Default)]
struct Query {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Query {
    fn push(&mut self, before: &str, values: impl IntoIterator<Item = Value>, after: &str) {
        let start = self.values.len();
        self.values.extend(values);
        let marks: Vec<String> = (start + 1..=self.values.len()).map(|number| format!("?{number}")).collect();
        self.conditions.push(format!("{before} IN ({}){after}", marks.join(", ")));
    }

    fn of(filter: &JobFilter) -> Self {
        let mut query = Self::default();
        let text = |text: &str| Value::Text(text.to_owned());
        if let Some(batch) = &filter.batch {
            query.push("j.batch = (SELECT id FROM batches WHERE name", [text(batch.as_str())], ")");
        }
        if let Some(account) = &filter.account {
            query.push("j.account = (SELECT id FROM accounts WHERE name", [text(account.as_str())], ")");
        }
        if !filter.statuses.is_empty() {
            query.push("j.status", filter.statuses.iter().map(|status: &Status| code::status(*status).into()), "");
        }
        if !filter.failures.is_empty() {
            query.push("j.failure", filter.failures.iter().map(|kind| text(kind.as_str())), "");
        }
        if !filter.ids.is_empty() {
            let ids = filter.ids.iter().map(|id| Value::Blob(id.as_bytes().to_vec()));
            query.push("j.seq IN (SELECT seq FROM specs WHERE id", ids, ")");
        }
        if !filter.rows.is_empty() {
            query.push("l.line", filter.rows.iter().map(|row| code::int(*row).into()), "");
        }
        // A job that nothing asks for and that was never bought is of no interest, unless it is asked for by id.
        if filter.ids.is_empty() {
            query.conditions.push(shown!("j.").to_owned());
        }
        query
    }
}

/// Jobs by filter, in the order of their batches and lines, those without a line last.
pub(super) fn jobs(conn: &Connection, filter: &JobFilter, page: Page) -> Result<Vec<JobView>> {
    let Query { conditions, mut values } = Query::of(filter);
    values.push(code::limit(page.limit).into());
    values.push(code::int(page.after).into());
    // The page is found by its small columns alone; only its own jobs are read whole.
    let order = "j.position IS NULL, j.batch, j.position, j.seq";
    let sql = format!(
        "SELECT {COLUMNS}, {AROUND} {JOINS} WHERE j.seq IN (SELECT j.seq {} WHERE {} ORDER BY {order} \
            LIMIT ?{} OFFSET ?{}) ORDER BY {order}",
        if filter.rows.is_empty() { "FROM jobs j" } else { JOINS },
        if conditions.is_empty() { "1".to_owned() } else { conditions.join(" AND ") },
        values.len() - 1,
        values.len(),
    );
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    collect(conn, &mut rows)
}

/// Jobs by filter of which the row numbers are above the first and up to the second, in their order, each with its number.
pub(super) fn between(
    conn: &Connection,
    filter: &JobFilter,
    (after, last): (i64, i64),
    limit: usize,
) -> Result<Vec<(i64, JobView)>> {
    let Query { mut conditions, mut values } = Query::of(filter);
    values.extend([after.into(), last.into(), code::limit(limit).into()]);
    let number = values.len();
    conditions.push(format!("j.seq > ?{} AND j.seq <= ?{}", number - 2, number - 1));
    // Along the row numbers, whatever else there is an index for: any other way would sort what it finds for each part.
    let joins = JOINS.replacen("FROM jobs j", "FROM jobs j NOT INDEXED", 1);
    let conditions = conditions.join(" AND ");
    let sql = format!("SELECT {COLUMNS}, {AROUND} {joins} WHERE {conditions} ORDER BY j.seq LIMIT ?{number}");
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut views = Vec::new();
    while let Some(row) = rows.next()? {
        views.push((row.get("seq")?, shown(conn, row)?));
    }
    Ok(views)
}

/// Each row's view. One that cannot be read is stood in for, so that pages keep their length and no line is missing.
pub(super) fn collect(conn: &Connection, rows: &mut rusqlite::Rows<'_>) -> Result<Vec<JobView>> {
    let mut views = Vec::new();
    while let Some(row) = rows.next()? {
        views.push(shown(conn, row)?);
    }
    Ok(views)
}

fn shown(conn: &Connection, row: &SqlRow<'_>) -> Result<JobView> {
    match read(row) {
        Err(StepError(Error::Unreadable { job, reason })) => Ok(JobView {
            line: shown_line(row)?.0,
            due: None,
            worker: None,
            cancel_requested: false,
            parked: true,
            job: unreadable::shown(conn, job, &reason)?,
            unread: Some(Unread::Job { reason, status: unreadable::status(conn, job)? }),
        }),
        view => view,
    }
}
