//! Jobs with what the store knows around them.

use std::{collections::BTreeMap, sync::LazyLock};

use reelq_model::{JobId, WorkerId};
use rusqlite::{Connection, Row as SqlRow, params, types::ValueRef};

use super::{
    code,
    row::{COLUMNS, LAST, POSITION, Row},
    unreadable,
};
use crate::error::{Result, StepError};
use reelq_store::{Error, JobView, Line, Unread};

/// What [`read`] needs behind the [job's own columns](COLUMNS), in this order, for it goes by the number.
pub(super) const AROUND: &str = "l.line AS line, l.copy AS copy, l.label AS label, l.passthrough AS passthrough, \
    w.name AS worker_name";

/// Where the columns of a line stand in a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineAt {
    line: usize,
    copy: usize,
    label: usize,
    passthrough: usize,
    position: usize,
}

impl LineAt {
    /// Line, copy, label, passthrough and position, and nothing before them.
    pub(super) const ALONE: Self = Self { line: 0, copy: 1, label: 2, passthrough: 3, position: 4 };
    const AROUND: Self =
        Self { line: LAST + 1, copy: LAST + 2, label: LAST + 3, passthrough: LAST + 4, position: POSITION };
}

/// Where the worker's name stands.
const WORKER_NAME: usize = LAST + 5;

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
    let (line, unread) = shown_line(row, LineAt::AROUND)?;
    let worker = code::text(row, WORKER_NAME)?;
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
    Ok(rows.next()?.map(|row| shown_line(row, LineAt::ALONE)).transpose()?.and_then(|(line, _)| line))
}

/// The line, and why it cannot be read whole: then it is shown by its number alone.
pub(super) fn shown_line(row: &SqlRow<'_>, at: LineAt) -> Result<(Option<Line>, Option<String>)> {
    if row.get_ref(at.line)? == ValueRef::Null {
        return Ok((None, None));
    }
    let (number, copy) = (code::whole(row, at.line)?, code::whole(row, at.copy)?);
    // A number that is damaged is near the line's place.
    let number = number.or(code::whole(row, at.position)?.map(|position| position.saturating_add(1)));
    let copy = copy.and_then(|copy| u32::try_from(copy).ok());
    let bare = Line {
        row: code::count(number.unwrap_or(0)),
        copy: copy.unwrap_or(1),
        label: None,
        passthrough: BTreeMap::new(),
    };
    Ok(match read_line(row, at) {
        Ok(line) => (Some(line), None),
        Err(error) => (Some(bare), Some(error.to_string())),
    })
}

fn read_line(row: &SqlRow<'_>, at: LineAt) -> Result<Line> {
    let passthrough: Option<String> = row.get(at.passthrough)?;
    let passthrough = passthrough.as_deref().map(serde_json::from_str).transpose();
    Ok(Line {
        row: code::count(row.get(at.line)?),
        copy: row.get(at.copy)?,
        label: row.get(at.label)?,
        passthrough: passthrough.map_err(|error| Error::broken(error.to_string()))?.unwrap_or_default(),
    })
}

static BY_SEQ: LazyLock<String> = LazyLock::new(|| format!("SELECT {COLUMNS}, {AROUND} {JOINS} WHERE j.seq = ?1"));

/// The jobs of row numbers, with a stand-in for each that cannot be read; one that is not there is left out.
pub(super) fn of_rows(conn: &Connection, seqs: impl Iterator<Item = i64>) -> Result<Vec<JobView>> {
    let mut statement = conn.prepare_cached(&BY_SEQ)?;
    let mut views = Vec::new();
    for seq in seqs {
        let mut rows = statement.query([seq])?;
        views.extend(rows.next()?.map(|row| shown(conn, row)).transpose()?);
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
            line: shown_line(row, LineAt::AROUND)?.0,
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
