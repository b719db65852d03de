//! Loads: lines and jobs are staged out of sight until the load is finished; the next load clears away an unfinished one.

use reelq_model::{BatchName, Fields, Job, JobId, Status};
use rusqlite::{Connection, OptionalExtension as _, Statement, params};

use super::{account, batch_guards, code, record, tx::Tx};
use crate::error::Result;
use reelq_store::rules::bounds;
use reelq_store::rules::figures::unpriced;
use reelq_store::{BatchDraft, Enqueued, Error, Import, Known, Line, LineDraft};

/// Specs of a load that was superseded before it brought its jobs.
const UNBROUGHT: &str = "DELETE FROM specs WHERE seq IN (SELECT seq FROM staged WHERE batch = ?1 AND NOT known)";

pub(super) fn begin(tx: &Tx<'_>, draft: &BatchDraft) -> Result<Import> {
    let (conn, text) = (tx.conn, write_draft(draft)?);
    conn.prepare_cached("INSERT OR IGNORE INTO batches (name, draft, budget, created_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![draft.name.as_str(), text, draft.budget.map(bounds::cap), tx.now.millis()])?;
    let (batch, generation, loads): (i64, i64, i64) = conn
        .prepare_cached("SELECT id, generation, loads + 1 FROM batches WHERE name = ?1")?
        .query_row([draft.name.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    batch_guards::refuse_purging(conn, batch)?;
    batch_guards::refuse_cancelling(conn, batch)?;
    conn.prepare_cached(UNBROUGHT)?.execute([batch])?;
    conn.prepare_cached("DELETE FROM staged WHERE batch = ?1")?.execute([batch])?;
    conn.prepare_cached("DELETE FROM lines WHERE batch = ?1 AND generation > ?2")?.execute([batch, generation])?;
    conn.prepare_cached(
        "UPDATE batches SET loads = ?1, loading = ?1, loading_draft = ?2, loading_lines = 0 WHERE id = ?3",
    )?
    .execute(params![loads, text, batch])?;
    Ok(Import { batch: draft.name.clone(), generation: code::count(loads), seen: None })
}

pub(super) fn write_draft(draft: &BatchDraft) -> Result<String> {
    Ok(serde_json::to_string(draft).map_err(|error| Error::broken(error.to_string()))?)
}

/// A load that has not been superseded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub batch: i64,
    pub generation: i64,
    pub lines: i64,
}

pub(super) fn open(conn: &Connection, load: &Import) -> Result<Open> {
    let sql = "SELECT id, loading_lines FROM batches WHERE name = ?1 AND loading = ?2";
    let generation = code::int(load.generation);
    let found = conn
        .prepare_cached(sql)?
        .query_row(params![load.batch.as_str(), generation], |row| {
            Ok(Open { batch: row.get(0)?, generation, lines: row.get(1)? })
        })
        .optional()?;
    Ok(found.ok_or(Error::ImportSuperseded)?)
}

const SPEC: &str = "INSERT INTO specs (id, spec) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
const KNOWN: &str = "SELECT s.seq, j.seq IS NOT NULL, j.status IN (0, 7) FROM specs s LEFT JOIN jobs j ON j.seq = s.seq \
    WHERE s.id = ?1";
const STAGE: &str = "INSERT OR IGNORE INTO staged (batch, seq, position, account, price, priority, unpriced, known, fields) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const LINE: &str = "INSERT INTO lines (batch, generation, position, line, copy, label, passthrough, job) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// The statements of one chunk, prepared once.
struct Stager<'a> {
    tx: &'a Tx<'a>,
    open: Open,
    spec: Statement<'a>,
    known: Statement<'a>,
    stage: Statement<'a>,
    line: Statement<'a>,
    /// The account of the line before, which is usually the next one's too.
    account: Option<(reelq_model::AccountName, i64)>,
}

/// The record that a line asks for.
#[derive(Debug, Clone, Copy)]
struct Found {
    seq: i64,
    /// It is a job already, or only the spec of one.
    is_job: bool,
    /// It may wait to be submitted, and takes over what the line says.
    waits: bool,
}

pub(super) fn enqueue(tx: &Tx<'_>, load: &Import, lines: &[LineDraft]) -> Result<Enqueued> {
    let conn = tx.conn;
    let mut stager = Stager {
        tx,
        open: open(conn, load)?,
        spec: conn.prepare(SPEC)?,
        known: conn.prepare(KNOWN)?,
        stage: conn.prepare(STAGE)?,
        line: conn.prepare(LINE)?,
        account: None,
    };
    let mut enqueued = Enqueued::default();
    for line in lines {
        if stager.add(&load.batch, line)? {
            enqueued.new += 1;
        } else {
            enqueued.known += 1;
        }
    }
    conn.prepare_cached("UPDATE batches SET loading_lines = ?1 WHERE id = ?2")?
        .execute([stager.open.lines, stager.open.batch])?;
    Ok(enqueued)
}

impl Stager<'_> {
    /// Stages a line; whether its job is new.
    fn add(&mut self, batch: &BatchName, draft: &LineDraft) -> Result<bool> {
        let (id, line) = (draft.id(), &draft.line);
        let job = Job::new(draft.job.clone(), batch.clone(), self.tx.now);
        let spec = record::spec(&job)?;
        let found = self.find(id, &spec)?;
        if !self.stage(&job, found)? {
            draft.check_repeat(self.staged(found.seq)?)?;
            return Ok(false);
        }
        let Open { batch, generation, lines: position } = self.open;
        let passthrough = write_passthrough(line)?;
        self.line.execute(params![
            batch,
            generation,
            position,
            code::int(line.row),
            line.copy,
            line.label,
            passthrough,
            id.as_bytes()
        ])?;
        self.open.lines += 1;
        Ok(!found.is_job)
    }

    /// The record of a job; its spec is written where there is none.
    fn find(&mut self, id: JobId, spec: &str) -> Result<Found> {
        if self.spec.execute(params![id.as_bytes(), spec])? == 1 {
            return Ok(Found { seq: self.tx.conn.last_insert_rowid(), is_job: false, waits: false });
        }
        let read = |row: &rusqlite::Row<'_>| {
            let waits: Option<bool> = row.get(2)?;
            Ok(Found { seq: row.get(0)?, is_job: row.get(1)?, waits: waits == Some(true) })
        };
        Ok(self.known.query_row([id.as_bytes()], read)?)
    }

    /// Whether the load has no line of the job yet.
    fn stage(&mut self, job: &Job, found: Found) -> Result<bool> {
        let Found { seq, is_job, waits } = found;
        let fields = if waits { Some(write_fields(&job.spec.fields)?) } else { None };
        let (account, price) = (self.account(job)?, bounds::price(job.price));
        let Open { batch, lines: position, .. } = self.open;
        let (priority, unpriced) = (job.priority, unpriced(job));
        let values = params![batch, seq, position, account, price, priority, unpriced, is_job, fields];
        Ok(self.stage.execute(values)? == 1)
    }

    fn account(&mut self, job: &Job) -> Result<i64> {
        match &self.account {
            Some((name, id)) if *name == job.spec.account => Ok(*id),
            _ => {
                let id = account::id(self.tx.conn, &job.spec.account)?;
                self.account = Some((job.spec.account.clone(), id));
                Ok(id)
            }
        }
    }

    /// The row and copy of the line that the load has for a job.
    fn staged(&self, seq: i64) -> Result<(u64, u32)> {
        let sql = "SELECT l.line, l.copy FROM staged s JOIN lines l ON l.batch = s.batch AND l.generation = ?3 \
            AND l.position = s.position WHERE s.batch = ?1 AND s.seq = ?2";
        let read = |row: &rusqlite::Row<'_>| Ok((code::count(row.get(0)?), row.get(1)?));
        let key = params![self.open.batch, seq, self.open.generation];
        Ok(self.tx.conn.prepare_cached(sql)?.query_row(key, read)?)
    }
}

fn write_fields(fields: &Fields) -> Result<String> {
    Ok(serde_json::to_string(fields).map_err(|error| Error::broken(error.to_string()))?)
}

fn write_passthrough(line: &Line) -> Result<Option<String>> {
    if line.passthrough.is_empty() {
        return Ok(None);
    }
    Ok(serde_json::to_string(&line.passthrough).map(Some).map_err(|error| Error::broken(error.to_string()))?)
}

/// What is known of each id.
pub(super) fn known(conn: &Connection, ids: &[JobId]) -> Result<Vec<Option<Known>>> {
    let mut statement =
        conn.prepare_cached("SELECT status, bought FROM specs s JOIN jobs j ON j.seq = s.seq WHERE s.id = ?1")?;
    ids.iter().map(|id| Ok(statement.query_row([id.as_bytes()], read_known).optional()?)).collect()
}

/// What cannot be read may have been bought.
fn read_known(row: &rusqlite::Row<'_>) -> rusqlite::Result<Known> {
    let status = code::whole(row, "status")?.and_then(|status| code::read_status(status).ok());
    let bought = code::whole(row, "bought")?.is_none_or(|bought| bought != 0);
    Ok(Known { status: status.unwrap_or(Status::Unconfirmed), bought: bought || status.is_none() })
}
