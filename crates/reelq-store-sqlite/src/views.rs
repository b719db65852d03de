//! Batches and workers as people see them; sums come from the counters, not from the jobs.

use std::collections::BTreeMap;

use reelq_model::{Timestamp, WorkerId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::code;
use crate::error::Result;
use reelq_limits::remaining_budget::is_reached;
use reelq_store::rules::{ledger::BatchSums, unreadable};
use reelq_store::{BatchRecord, BatchView, Error, StatusCounts, WorkerView};

pub(super) const BATCHES: &str = "SELECT id, name, draft, whole, paused, spent, reserved, claimed, to_spend, unpriced, orphans, overdue, \
    held, budget, created_at, ended_at, purging, cancelling FROM batches";

pub(super) fn batch(conn: &Connection, name: &str) -> Result<Option<BatchView>> {
    let mut statement = conn.prepare_cached(&format!("{BATCHES} WHERE name = ?1"))?;
    let mut rows = statement.query([name])?;
    let view = rows.next()?.map(|row| view(conn, row)).transpose();
    Ok(view.map_err(|error| unreadable::batch(name, &error))?)
}

pub(super) fn batches(conn: &Connection) -> Result<Vec<BatchView>> {
    let mut statement = conn.prepare_cached(&format!("{BATCHES} ORDER BY created_at DESC, id DESC"))?;
    let mut rows = statement.query([])?;
    let mut views = Vec::new();
    while let Some(row) = rows.next()? {
        match view(conn, row) {
            Ok(view) => views.push(view),
            // One batch that cannot be read is no reason to show none.
            Err(error) => {
                let name = code::text(row, "name")?;
                tracing::error!(batch = name.as_deref(), %error, "a batch is passed over: its record cannot be read");
            }
        }
    }
    Ok(views)
}

pub(super) fn view(conn: &Connection, row: &Row<'_>) -> Result<BatchView> {
    let id: i64 = row.get("id")?;
    let draft: String = row.get("draft")?;
    let record = BatchRecord {
        draft: serde_json::from_str(&draft).map_err(|error| Error::broken(error.to_string()))?,
        whole: row.get("whole")?,
        paused: row.get("paused")?,
        purging: row.get("purging")?,
        cancelling: code::total(row, "cancelling")? != 0,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        ended_at: row.get::<_, Option<i64>>("ended_at")?.map(Timestamp::from_millis),
    };
    let sums = BatchSums {
        spent: code::total(row, "spent")?,
        reserved: code::total(row, "reserved")?,
        claimed: code::total(row, "claimed")?,
        to_spend: code::total(row, "to_spend")?,
        unpriced: code::total(row, "unpriced")?,
        orphans: code::total(row, "orphans")?,
        overdue: code::total(row, "overdue")?,
        held: code::total(row, "held")?,
    };
    let counts = [counts(conn, id, true)?, counts(conn, id, false)?];
    let budget_reached = budget_reached(conn, id, row.get("budget")?, sums.used())?;
    Ok(record.view(&sums, counts, budget_reached, next_deadline(conn, id)?))
}

pub(super) fn counts(conn: &Connection, batch: i64, listed: bool) -> Result<StatusCounts> {
    let sql = "SELECT status, jobs FROM batch_counts WHERE batch = ?1 AND listed = ?2 AND jobs <> 0";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params![batch, listed])?;
    let mut counts = BTreeMap::new();
    while let Some(row) = rows.next()? {
        counts.insert(code::read_status(row.get(0)?)?, code::count(row.get(1)?));
    }
    Ok(StatusCounts(counts))
}

/// The cheapest job that waits to be submitted and that no one has in hand.
pub(super) const CHEAPEST: &str = "SELECT price FROM jobs WHERE batch = ?1 AND status = 0 AND price >= ?2 \
    AND lease_until IS NULL ORDER BY price LIMIT 1";

/// Whether the budget lets none of the waiting jobs go, not even the cheapest.
fn budget_reached(conn: &Connection, batch: i64, budget: Option<i64>, used: i64) -> Result<bool> {
    let Some(budget) = budget else { return Ok(false) };
    let cheapest = |from: i64| -> Result<Option<i64>> {
        Ok(conn.prepare_cached(CHEAPEST)?.query_row([batch, from], |row| row.get(0)).optional()?)
    };
    // Under a budget, jobs without a known price are never submitted.
    let waiting = match cheapest(0)? {
        None => cheapest(code::NO_PRICE)?,
        priced => priced,
    };
    Ok(is_reached(budget.saturating_sub(used), waiting))
}

pub(super) const DEADLINE: &str =
    "SELECT deadline FROM jobs WHERE batch = ?1 AND deadline IS NOT NULL ORDER BY deadline LIMIT 1";

fn next_deadline(conn: &Connection, batch: i64) -> Result<Option<Timestamp>> {
    let found: Option<i64> = conn.prepare_cached(DEADLINE)?.query_row([batch], |row| row.get(0)).optional()?;
    Ok(found.map(Timestamp::from_millis))
}

/// The leases are read once for all workers: their index begins with the time.
const WORKERS: &str = "SELECT name, seen_at, coalesce(leases, 0) FROM workers w LEFT JOIN \
    (SELECT worker, count(*) AS leases FROM jobs INDEXED BY jobs_leased WHERE lease_until IS NOT NULL GROUP BY worker) h \
    ON h.worker = w.id ORDER BY name";

pub(super) fn workers(conn: &Connection) -> Result<Vec<WorkerView>> {
    let mut statement = conn.prepare_cached(WORKERS)?;
    let mut rows = statement.query([])?;
    let mut views = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(id) = code::text(row, "name")?.and_then(|name| WorkerId::new(name).ok()) else { continue };
        views.push(WorkerView {
            id,
            seen_at: Timestamp::from_millis(code::total(row, "seen_at")?),
            leases: code::count(row.get(2)?),
        });
    }
    Ok(views)
}
