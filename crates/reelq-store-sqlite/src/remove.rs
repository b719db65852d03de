//! Taking a record out of the file that cannot be read: what it holds of its account's and its batch's sums goes with it.

use reelq_model::JobId;
use rusqlite::{Connection, OptionalExtension as _, params, types::ValueRef};

use super::{code, ledger, row::Row, tasks, tx::Tx};
use crate::error::{Result, StepError};
use reelq_store::Error;

const COLUMNS: &str = "SELECT * FROM specs s JOIN jobs j ON j.seq = s.seq WHERE s.id = ?1";

/// All that the record holds, a column a line; nothing where there is no such record, or it can be read.
pub(super) fn held(conn: &Connection, job: JobId) -> Result<Option<Vec<u8>>> {
    if !matches!(Row::by_id(conn, job), Err(StepError(Error::Unreadable { .. }))) {
        return Ok(None);
    }
    let mut statement = conn.prepare_cached(COLUMNS)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let text = statement.query_row([job.as_bytes()], |row| {
        let mut text = Vec::new();
        for (at, name) in names.iter().enumerate() {
            text.extend_from_slice(format!("{name}: ").as_bytes());
            match row.get_ref(at)? {
                ValueRef::Null => {}
                ValueRef::Integer(number) => text.extend_from_slice(number.to_string().as_bytes()),
                ValueRef::Real(number) => text.extend_from_slice(number.to_string().as_bytes()),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => text.extend_from_slice(bytes),
            }
            text.push(b'\n');
        }
        Ok(text)
    });
    Ok(text.optional()?)
}

/// What the columns say that the record adds to the sums.
struct Stub {
    seq: i64,
    batch: i64,
    account: i64,
    status: i64,
    price: i64,
    reserved: i64,
    held: bool,
}

const STUB: &str = "SELECT seq, batch, account, status, price, reserved, lease_until IS NOT NULL AS held FROM jobs \
    WHERE seq = (SELECT seq FROM specs WHERE id = ?1)";

impl Stub {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get("seq")?,
            batch: row.get("batch")?,
            account: row.get("account")?,
            status: code::total(row, "status")?,
            price: code::total(row, "price")?,
            reserved: code::total(row, "reserved")?,
            held: row.get("held")?,
        })
    }

    fn is_claimed(&self) -> bool {
        self.held && self.status == 0
    }
}

const GIVE_BACK: &str = "UPDATE accounts SET in_flight = in_flight - ?1, reserved = reserved - ?2, \
    claimed = claimed - ?3 WHERE id = ?4";

/// Removes the record where it cannot be read; whether it did. Its line stays, and is shown without it until the manifest is
/// loaded again.
pub(super) fn remove(tx: &Tx<'_>, job: JobId) -> Result<bool> {
    let conn = tx.conn;
    if !matches!(Row::by_id(conn, job), Err(StepError(Error::Unreadable { .. }))) {
        return Ok(false);
    }
    let stub = conn.prepare_cached(STUB)?.query_row([job.as_bytes()], Stub::read)?;
    let takes_a_place = stub.is_claimed() || [1, 3].contains(&stub.status);
    let claimed = if stub.is_claimed() { stub.price.max(0) } else { 0 };
    conn.prepare_cached(GIVE_BACK)?.execute(params![takes_a_place, stub.reserved, claimed, stub.account])?;
    tasks::forget(conn, stub.seq)?;
    conn.prepare_cached("DELETE FROM jobs WHERE seq = ?1")?.execute([stub.seq])?;
    conn.prepare_cached("DELETE FROM specs WHERE seq = ?1")?.execute([stub.seq])?;
    ledger::recount(conn, stub.batch)?;
    tracing::warn!(%job, "a record that could not be read was removed");
    tx.news.set(true);
    Ok(true)
}
