//! Sums that ran over in an earlier version: added up anew from their rows when the file is opened.

use reelq_model::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use super::{
    code, ledger,
    row::{COLUMNS, FROM, Row},
};
use crate::error::Result;
use reelq_store::rules::bounds::{self, JOB_MOST, SUM_MOST};

/// A sum that is a float, or beyond what can be right.
fn is_wrong(column: &str) -> String {
    format!("typeof({column}) <> 'integer' OR abs({column} / 2) > {}", SUM_MOST / 2)
}

fn wrong(columns: &[&str]) -> String {
    columns.iter().map(|column| is_wrong(column)).collect::<Vec<_>>().join(" OR ")
}

const OF_BATCH: [&str; 4] = ["spent", "reserved", "claimed", "to_spend"];
const OF_ACCOUNT: [&str; 4] = ["spent", "reserved", "claimed", "day_spent"];

/// Looks at the sums, which are few, and fixes what cannot be right; told once, for it is right afterwards.
pub(super) fn sums(conn: &mut Connection) -> Result<()> {
    if find(conn, "batches", &OF_BATCH)?.is_empty() && find(conn, "accounts", &OF_ACCOUNT)?.is_empty() {
        return Ok(());
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (batches, accounts) = (find(&tx, "batches", &OF_BATCH)?, find(&tx, "accounts", &OF_ACCOUNT)?);
    let jobs = jobs(&tx)?;
    for batch in &batches {
        ledger::recount(&tx, *batch)?;
    }
    for account in &accounts {
        tx.execute(RECOUNT_ACCOUNT, [account])?;
    }
    tx.commit()?;
    tracing::warn!(
        jobs,
        batches = batches.len(),
        accounts = accounts.len(),
        "sums of money had run over and were added up anew; what purged batches cost is no longer in those of accounts"
    );
    Ok(())
}

fn find(conn: &Connection, table: &str, columns: &[&str]) -> Result<Vec<i64>> {
    let mut statement = conn.prepare(&format!("SELECT id FROM {table} WHERE {}", wrong(columns)))?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

const RECOUNT_ACCOUNT: &str = "UPDATE accounts SET (spent, reserved, claimed) = ( \
    SELECT coalesce(sum(spent), 0), coalesce(sum(reserved), 0), \
        coalesce(sum(max(price, 0)) FILTER (WHERE status = 0 AND lease_until IS NOT NULL), 0) \
    FROM jobs WHERE account = accounts.id), day_spent = 0 WHERE id = ?1";

/// Brings the columns of jobs that hold what cannot be meant to what their job, as it is read now, says.
fn jobs(conn: &Connection) -> Result<usize> {
    let beyond = |column: &str| format!("typeof(j.{column}) <> 'integer' OR j.{column} > {JOB_MOST}");
    let sql = format!(
        "SELECT {COLUMNS}, j.deadline AS deadline {FROM} WHERE {} OR {} OR {} OR j.deadline > ?1 OR j.due > ?1",
        beyond("spent"),
        beyond("reserved"),
        beyond("price")
    );
    let latest = bounds::time(Timestamp::from_millis(i64::MAX)).millis();
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([latest])?;
    let mut fixed = 0;
    while let Some(row) = rows.next()? {
        let job = Row::read(row).map(|row| row.job);
        // Of a job that cannot be read nothing is known but that the column is wrong.
        let figures = job.as_ref().map_or((0, 0), |job| (bounds::amount(job.spent()), bounds::amount(job.reserved())));
        let price = code::total(row, "price")?.clamp(code::NO_PRICE, JOB_MOST);
        let time = |column| Ok::<_, rusqlite::Error>(code::whole(row, column)?.map(|at: i64| at.min(latest)));
        conn.prepare_cached(
            "UPDATE jobs SET spent = ?1, reserved = ?2, price = ?3, deadline = ?4, due = ?5 WHERE seq = ?6",
        )?
        .execute(params![
            figures.0,
            figures.1,
            price,
            time("deadline")?,
            time("due")?,
            row.get::<_, i64>("seq")?
        ])?;
        fixed += 1;
    }
    Ok(fixed)
}
