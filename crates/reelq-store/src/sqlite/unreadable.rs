//! Rows whose job cannot be read: taken out of every queue, so that they stand in nobody's way, and named.

use reelq_model::{AccountName, BatchName, Job, JobId, Money};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    code, history,
    row::{Row, read_state},
    writer::Scribe,
};
use crate::{Error, Result, UnreadableRecord, unreadable::stand_in};

/// The row; nothing where it cannot be read: then it is set aside.
pub(super) fn readable(scribe: &Scribe<'_>, found: Result<Row>) -> Result<Option<Row>> {
    match found {
        Err(Error::Unreadable { job, reason }) => {
            set_aside(scribe, job, &reason)?;
            Ok(None)
        }
        found => found.map(Some),
    }
}

/// The row; nothing where it cannot be read. Whoever has it in hand may write it anew, so it is left as it is.
pub(super) fn if_readable(found: Result<Row>) -> Result<Option<Row>> {
    match found {
        Err(error @ Error::Unreadable { .. }) => {
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
    FROM jobs WHERE id = ?1";

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

const PARK: &str = "UPDATE jobs SET queue = 0, due = NULL, parked = 1, worker = NULL, lease_until = NULL, \
    version = version + 1, entries = ?2 WHERE seq = ?1";

/// Parks the row as it is. A retry takes it up where it stands once it can be read again.
fn set_aside(scribe: &Scribe<'_>, job: JobId, reason: &str) -> Result<()> {
    let found = scribe.conn.prepare_cached(STUB)?.query_row([job.as_bytes()], Stub::read).optional()?;
    let Some(stub) = found.filter(|stub| !stub.parked || stub.held) else { return Ok(()) };
    if stub.held && stub.status == 0 {
        unclaim(scribe.conn, &stub)?;
    }
    scribe.conn.prepare_cached(PARK)?.execute([stub.seq, stub.entries + 1])?;
    history::insert(scribe.conn, (stub.seq, stub.entries + 1, stub.status), "parked", reason, None, scribe.now)?;
    tracing::error!(%job, reason, "a job is set aside: its record is damaged, or of a newer version");
    scribe.news.set(true);
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

const AROUND: &str = "SELECT (SELECT name FROM batches WHERE id = j.batch), \
    (SELECT name FROM accounts WHERE id = j.account), j.price FROM jobs j WHERE j.id = ?1";

/// The job that stands in listings for one that cannot be read.
pub(super) fn shown(conn: &Connection, job: JobId, reason: &str) -> Result<Job> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (batch, account, price): (String, String, i64) =
        conn.prepare_cached(AROUND)?.query_row([job.as_bytes()], read)?;
    let batch = BatchName::new(batch).map_err(|error| Error::broken(error.to_string()))?;
    let price = (price != code::NO_PRICE).then(|| Money::from_micros(price));
    stand_in(job, batch, AccountName::new(account).ok(), price, reason)
}

const ALL: &str = "SELECT j.id, b.name, j.state FROM jobs j LEFT JOIN batches b ON b.id = j.batch ORDER BY j.seq";

/// Every row that cannot be read. Reads the whole table.
pub(super) fn list(conn: &Connection) -> Result<Vec<UnreadableRecord>> {
    let mut statement = conn.prepare(ALL)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let Err(error) = read_state(row.get_ref(2)?.as_bytes().unwrap_or_default()) else { continue };
        let id = row.get_ref(0)?.as_blob().ok().and_then(|bytes| bytes.try_into().ok());
        found.push(UnreadableRecord {
            job: JobId::from_bytes(id.unwrap_or([0; 16])),
            batch: row.get::<_, Option<String>>(1)?.and_then(|name| BatchName::new(name).ok()),
            reason: error.to_string(),
        });
    }
    Ok(found)
}
