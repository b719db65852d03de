//! Brings a file to the format that holds what was asked for apart from what a job has become, and its history in its row.
//!
//! In one transaction: a process that dies at it leaves the file as it was.

use reelq_model::{Job, Timestamp, WorkerId};
use rusqlite::{Connection, Statement, params, types::Value};

use super::{history, record};
use crate::error::Result;

const JOBS: &str = "SELECT seq, id, state FROM jobs ORDER BY seq";
const HISTORY: &str = "SELECT at, status, event, worker, reason FROM history WHERE job = ?1 ORDER BY entry";
const SPEC: &str = "INSERT INTO specs (seq, id, spec) VALUES (?1, ?2, ?3)";

macro_rules! columns {
    () => {
        "seq, batch, account, position, status, queue, due, deadline, priority, price, version, worker, lease_until, cancel, \
        parked, bought, spent, reserved, unpriced, overdue, entries, orphan_of, failure"
    };
}

const ROW: &str = concat!(
    "INSERT INTO split (",
    columns!(),
    ", state, history) SELECT ",
    columns!(),
    ", ?2, ?3 FROM jobs WHERE seq = ?1"
);

const INDICES: &str = "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'jobs' AND sql IS NOT NULL";

const LEASED: &str = "CREATE INDEX jobs_leased ON jobs (lease_until, worker) WHERE lease_until IS NOT NULL";

pub(super) fn migrate(conn: &Connection) -> Result<()> {
    conn.execute_batch(include_str!("schema_specs.sql"))?;
    let indices: Vec<String> =
        conn.prepare(INDICES)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    jobs(conn)?;
    conn.execute_batch("DROP TABLE history; DROP TABLE jobs; ALTER TABLE split RENAME TO jobs")?;
    conn.execute_batch(LEASED)?;
    for index in indices {
        conn.execute_batch(&index)?;
    }
    Ok(())
}

fn jobs(conn: &Connection) -> Result<()> {
    let (mut jobs, mut history) = (conn.prepare(JOBS)?, conn.prepare(HISTORY)?);
    let (mut spec, mut row) = (conn.prepare(SPEC)?, conn.prepare(ROW)?);
    let mut rows = jobs.query([])?;
    while let Some(found) = rows.next()? {
        let (seq, id): (i64, Vec<u8>) = (found.get(0)?, found.get(1)?);
        let (asked, state) = parts(found.get(2)?)?;
        spec.execute(params![seq, id, asked])?;
        row.execute(params![seq, state, entries(&mut history, seq)?])?;
    }
    Ok(())
}

/// The halves of a job. One that cannot be read stays as it is, for a version that can.
fn parts(whole: Value) -> Result<(Value, Value)> {
    let bytes = match &whole {
        Value::Text(text) => text.as_bytes(),
        Value::Blob(bytes) => bytes,
        _ => &[],
    };
    if let Ok(job) = serde_json::from_slice::<Job>(bytes) {
        return Ok((record::spec(&job)?.into(), record::state(&job)?.into()));
    }
    // What is left out of a state counts as nothing: of one that was damaged, that may be wrong.
    let is_complete =
        serde_json::from_slice(bytes).is_ok_and(|json: serde_json::Value| json.get("submissions").is_some());
    Ok((if is_complete { whole.clone() } else { String::new().into() }, whole))
}

fn entries(history: &mut Statement<'_>, seq: i64) -> Result<Option<String>> {
    let mut rows = history.query([seq])?;
    let mut lines = String::new();
    while let Some(row) = rows.next()? {
        let at = Timestamp::from_millis(row.get(0)?);
        let (event, reason): (String, String) = (row.get(2)?, row.get(4)?);
        let worker: Option<String> = row.get(3)?;
        let worker = worker.and_then(|name| WorkerId::new(name).ok());
        lines.push_str(&history::line(row.get(1)?, &event, &reason, worker.as_ref(), at));
    }
    Ok(Some(lines).filter(|lines| !lines.is_empty()))
}
