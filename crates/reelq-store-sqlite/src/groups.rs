//! The jobs of an account that are ready, by batch and price: read by skipping through an index, however many they are.

use rusqlite::{Connection, OptionalExtension as _, ToSql, params};

use super::code;
use crate::error::Result;
use reelq_limits::remaining_budget::BatchBudget;
use reelq_store::stride;

/// The next price among a batch's jobs that are ready. A seek for (batch, price) > (?, ?) in one statement steps over all the
/// jobs of that pair instead.
pub(super) const NEXT_PRICE: &str = "SELECT batch, price FROM jobs WHERE account = ?1 AND queue = 1 \
    AND batch = ?2 AND price > ?3 ORDER BY price LIMIT 1";
/// The first price of the next batch that has jobs ready.
pub(super) const NEXT_BATCH: &str = "SELECT batch, price FROM jobs WHERE account = ?1 AND queue = 1 \
    AND batch > ?2 ORDER BY batch, price LIMIT 1";
/// A budget that cannot be read, or that the draft names and that is lost, pays for nothing, and a pause that cannot be read holds.
const BATCH: &str = "SELECT CASE WHEN typeof(budget) = 'integer' THEN budget \
    WHEN budget IS NULL AND CASE WHEN json_valid(draft) THEN json_extract(draft, '$.budget') END IS NULL THEN NULL \
    ELSE -1 END, \
    CAST(spent + reserved + claimed AS INTEGER), \
    CAST(coalesce(CASE WHEN json_valid(draft) THEN json_extract(draft, '$.priority') END, 0) AS INTEGER) AS priority \
    FROM batches WHERE id = ?1 AND whole = 1 AND paused = 0 AND cancelling = 0";

/// A batch that may be worked on and has jobs ready.
#[derive(Debug)]
pub(super) struct Waiting {
    pub batch: i64,
    /// What a turn costs it.
    pub stride: i64,
    /// What its budget has left.
    pub budget: BatchBudget,
    /// The prices of its jobs that are ready and that its budget covers.
    pub prices: Vec<i64>,
}

/// The batches of an account that may be worked on and can pay for a job that is ready; `only` one, where it is given, and
/// none of `except`.
pub(super) fn waiting(conn: &Connection, account: i64, only: Option<i64>, except: &[i64]) -> Result<Vec<Waiting>> {
    let mut found: Vec<Waiting> = Vec::new();
    let mut group = next(conn, account, only, (only.unwrap_or(i64::MIN), i64::MIN))?;
    while let Some((id, price)) = group {
        if found.last().is_none_or(|waiting| waiting.batch != id) {
            let open = if except.contains(&id) { None } else { batch(conn, id)? };
            let Some(waiting) = open else {
                // A batch that may not be worked on is passed over whole.
                group = next(conn, account, only, (id, i64::MAX))?;
                continue;
            };
            found.push(waiting);
        }
        if let Some(waiting) = found.last_mut().filter(|waiting| waiting.budget.covers(price)) {
            waiting.prices.push(price);
        }
        group = next(conn, account, only, (id, price))?;
    }
    found.retain(|waiting| !waiting.prices.is_empty());
    Ok(found)
}

/// Whether any job is ready, those of `except` left aside.
pub(super) fn any(conn: &Connection, account: i64, only: Option<i64>, except: &[i64]) -> Result<bool> {
    let mut group = next(conn, account, only, (only.unwrap_or(i64::MIN), i64::MIN))?;
    while let Some((id, _)) = group.filter(|(id, _)| except.contains(id)) {
        group = next(conn, account, only, (id, i64::MAX))?;
    }
    Ok(group.is_some())
}

/// The next pair of batch and price: two seeks in an index at most, however many jobs are ready.
fn next(conn: &Connection, account: i64, only: Option<i64>, after: (i64, i64)) -> Result<Option<(i64, i64)>> {
    // What is no number sorts behind all numbers: the batch has no further price.
    let found = read(conn, NEXT_PRICE, params![account, after.0, after.1])?.filter(|found| *found > after);
    if found.is_some() || only.is_some() {
        return Ok(found);
    }
    Ok(read(conn, NEXT_BATCH, params![account, after.0])?.filter(|found| *found > after))
}

fn read(conn: &Connection, sql: &str, params: &[&dyn ToSql]) -> Result<Option<(i64, i64)>> {
    let read = |row: &rusqlite::Row<'_>| Ok(code::whole(row, "batch")?.zip(code::whole(row, "price")?));
    Ok(conn.prepare_cached(sql)?.query_row(params, read).optional()?.flatten())
}

fn priority(row: &rusqlite::Row<'_>) -> rusqlite::Result<i32> {
    let priority = code::total(row, "priority")?;
    Ok(i32::try_from(priority).unwrap_or(if priority < 0 { i32::MIN } else { i32::MAX }))
}

fn batch(conn: &Connection, id: i64) -> Result<Option<Waiting>> {
    let read = |row: &rusqlite::Row<'_>| {
        let (budget, used): (Option<i64>, i64) = (row.get(0)?, row.get(1)?);
        let budget = BatchBudget::new(budget, used);
        Ok(Waiting { batch: id, stride: stride(priority(row)?), budget, prices: Vec::new() })
    };
    Ok(conn.prepare_cached(BATCH)?.query_row([id], read).optional()?)
}
