//! Rows whose job cannot be read: taken out of every queue, so that they stand in no one's way, and named.

use reelq_model::{AccountName, BatchName, Job, JobId, Money, Status};
use rusqlite::{Connection, OptionalExtension as _, params, types::ValueRef};

use super::{
    account, code, history,
    listing::{LineAt, shown_line},
    row::{COLUMNS, FROM, Row},
    tx::Tx,
    views::{BATCHES, view},
};
use crate::error::{Result, StepError};
use reelq_store::rules::unreadable::stand_in;
use reelq_store::{Error, RecordOf, UnreadableRecord};

/// The row; nothing where it cannot be read: then it is set aside.
pub(super) fn readable(tx: &Tx<'_>, found: Result<Row>) -> Result<Option<Row>> {
    match found {
        Err(StepError(Error::Unreadable { job, reason })) => {
            set_aside(tx, job, &reason)?;
            Ok(None)
        }
        found => found.map(Some),
    }
}

/// The row; nothing where it cannot be read. Whoever has it in hand may write it anew, so it is left as it is.
pub(super) fn if_readable(found: Result<Row>) -> Result<Option<Row>> {
    match found {
        Err(StepError(error @ Error::Unreadable { .. })) => {
            tracing::error!(%error, "a job is passed over: its record is damaged, or of a newer version");
            Ok(None)
        }
        found => found.map(Some),
    }
}

/// What the columns say of such a row.
struct Stub {
    seq: i64,
    batch: i64,
    account: i64,
    status: i64,
    price: i64,
    held: bool,
    parked: bool,
    entries: i64,
}

const STUB: &str = "SELECT seq, batch, account, status, price, lease_until IS NOT NULL AS held, parked, entries \
    FROM jobs WHERE seq = (SELECT seq FROM specs WHERE id = ?1)";

impl Stub {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get("seq")?,
            batch: row.get("batch")?,
            account: row.get("account")?,
            status: code::total(row, "status")?,
            price: code::total(row, "price")?,
            held: row.get("held")?,
            parked: code::total(row, "parked")? != 0,
            entries: code::total(row, "entries")?,
        })
    }
}

const PARK: &str = concat!(
    "UPDATE jobs SET queue = 0, due = NULL, parked = 1, worker = NULL, lease_until = NULL, version = version + 1, \
    entries = ?2, ",
    history::appended!("?3"),
    " WHERE seq = ?1"
);

/// Parks the row as it is. A retry takes it up where it stands once it can be read again.
fn set_aside(tx: &Tx<'_>, job: JobId, reason: &str) -> Result<()> {
    let found = tx.conn.prepare_cached(STUB)?.query_row([job.as_bytes()], Stub::read).optional()?;
    let Some(stub) = found.filter(|stub| !stub.parked || stub.held) else { return Ok(()) };
    if stub.held && stub.status == 0 {
        unclaim(tx.conn, &stub)?;
    }
    let noted = history::line(stub.status, "parked", reason, None, tx.now);
    tx.conn.prepare_cached(PARK)?.execute(params![stub.seq, stub.entries + 1, noted])?;
    history::trim(tx.conn, stub.seq, stub.entries + 1, 1)?;
    tracing::error!(%job, reason, "a job is set aside: its record is damaged, or of a newer version");
    tx.news.set(true);
    Ok(())
}

/// Takes a claim that ends here off the sums: the job itself cannot say what it adds to them.
fn unclaim(conn: &Connection, stub: &Stub) -> Result<()> {
    let price = stub.price.max(0);
    conn.prepare_cached("UPDATE batches SET claimed = claimed - ?1 WHERE id = ?2")?.execute([price, stub.batch])?;
    conn.prepare_cached("UPDATE accounts SET claimed = claimed - ?1, in_flight = in_flight - 1 WHERE id = ?2")?
        .execute([price, stub.account])?;
    Ok(())
}

const AROUND: &str = "SELECT (SELECT name FROM batches WHERE id = j.batch) AS batch, \
    (SELECT name FROM accounts WHERE id = j.account) AS account, j.price AS price FROM jobs j WHERE j.seq = (SELECT seq FROM specs WHERE id = ?1)";

/// The job that stands in listings for one that cannot be read.
pub(super) fn shown(conn: &Connection, job: JobId, reason: &str) -> Result<Job> {
    let read = |row: &rusqlite::Row<'_>| {
        Ok((code::text(row, "batch")?, code::text(row, "account")?, code::whole(row, "price")?))
    };
    let found = conn.prepare_cached(AROUND)?.query_row([job.as_bytes()], read).optional()?;
    let (batch, account, price) = found.unwrap_or_default();
    let price = price.filter(|price| *price != code::NO_PRICE).map(Money::from_micros);
    let account = account.and_then(|name| AccountName::new(name).ok());
    Ok(stand_in(job, batch.and_then(|name| BatchName::new(name).ok()), account, price, reason)?)
}

/// Where such a job stands, as its column says.
pub(super) fn status(conn: &Connection, job: JobId) -> Result<Option<Status>> {
    let mut statement =
        conn.prepare_cached("SELECT status FROM jobs WHERE seq = (SELECT seq FROM specs WHERE id = ?1)")?;
    let status = statement.query_row([job.as_bytes()], |row| code::whole(row, "status")).optional()?.flatten();
    Ok(status.and_then(|status| code::read_status(status).ok()))
}

/// Every record that cannot be read, or not whole. Reads the tables from end to end.
pub(super) fn list(conn: &Connection) -> Result<Vec<UnreadableRecord>> {
    let mut found = accounts(conn)?;
    found.extend(batches(conn)?);
    found.extend(jobs(conn)?);
    found.extend(lines(conn)?);
    found.extend(gone(conn)?);
    Ok(found)
}

const GONE: &str = "SELECT b.name, l.line FROM batches b JOIN lines l ON l.batch = b.id AND l.generation = b.generation \
    WHERE NOT EXISTS (SELECT 1 FROM specs s JOIN jobs j ON j.seq = s.seq WHERE s.id = l.job) ORDER BY b.id, l.position";

/// Lines whose job has no record.
fn gone(conn: &Connection) -> Result<Vec<UnreadableRecord>> {
    let mut statement = conn.prepare(GONE)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let batch = code::text(row, "name")?.and_then(|name| BatchName::new(name).ok());
        let of = RecordOf::Gone(code::count(code::whole(row, "line")?.unwrap_or(0)));
        found.push(UnreadableRecord { of, batch, reason: "it was removed, or lost".to_owned() });
    }
    Ok(found)
}

fn accounts(conn: &Connection) -> Result<Vec<UnreadableRecord>> {
    let found = account::unreadable(conn)?.into_iter();
    Ok(found.map(|(name, reason)| UnreadableRecord { of: RecordOf::Account(name), batch: None, reason }).collect())
}

fn batches(conn: &Connection) -> Result<Vec<UnreadableRecord>> {
    let mut statement = conn.prepare(BATCHES)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut reasons: Vec<_> = view(conn, row).err().map(|error| error.to_string()).into_iter().collect();
        if code::is_no_number(row, "budget")? && reasons.is_empty() {
            reasons.push("its budget is no number: nothing is bought for it".to_owned());
        }
        let name = String::from_utf8_lossy(account::bytes(row, "name")?.unwrap_or_default()).into_owned();
        found.extend(reasons.into_iter().map(|reason| UnreadableRecord {
            of: RecordOf::Batch(name.clone()),
            batch: BatchName::new(name.clone()).ok(),
            reason,
        }));
    }
    Ok(found)
}

fn jobs(conn: &Connection) -> Result<Vec<UnreadableRecord>> {
    let sql = format!(
        "SELECT {COLUMNS}, j.status AS status, j.bought AS bought, b.name AS batch_name \
        {FROM} LEFT JOIN batches b ON b.id = j.batch ORDER BY j.seq"
    );
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let Some((job, reason)) = fault(row)? else { continue };
        let batch = code::text(row, "batch_name")?.and_then(|name| BatchName::new(name).ok());
        found.push(UnreadableRecord { of: RecordOf::Job(job), batch, reason });
    }
    Ok(found)
}

/// What is wrong with a job's row.
fn fault(row: &rusqlite::Row<'_>) -> Result<Option<(JobId, String)>> {
    let job = match Row::read(row) {
        Ok(row) => row.job.id,
        Err(StepError(Error::Unreadable { job, reason })) => return Ok(Some((job, reason))),
        Err(error) => return Err(error),
    };
    let status = code::whole(row, "status")?;
    if status.is_none_or(|status| code::read_status(status).is_err()) {
        return Ok(Some((job, format!("its status is `{}`, which is none", shown_value(row.get_ref("status")?)))));
    }
    for column in ["bought", "position", "due", "version", "worker", "lease_until", "cancel", "parked", "entries"] {
        if code::is_no_number(row, column)? {
            let value = shown_value(row.get_ref(column)?);
            return Ok(Some((job, format!("its column {column} is `{value}`, which is no number"))));
        }
    }
    Ok(None)
}

fn shown_value(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Null => "nothing".to_owned(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).chars().take(40).flat_map(char::escape_default).collect()
        }
    }
}

const LINES: &str = "SELECT l.line AS line, l.copy AS copy, l.label AS label, l.passthrough AS passthrough, \
    l.position AS position, b.name AS batch_name FROM lines l JOIN batches b ON b.id = l.batch \
    AND b.generation = l.generation ORDER BY l.batch, l.position";

fn lines(conn: &Connection) -> Result<Vec<UnreadableRecord>> {
    let mut statement = conn.prepare(LINES)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (Some(line), Some(reason)) = shown_line(row, LineAt::ALONE)? else { continue };
        let batch = code::text(row, "batch_name")?.and_then(|name| BatchName::new(name).ok());
        found.push(UnreadableRecord { of: RecordOf::Line(line.row), batch, reason });
    }
    Ok(found)
}
