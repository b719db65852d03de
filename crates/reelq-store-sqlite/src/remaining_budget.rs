//! An account's purse, and the batches that wait for it.

use reelq_model::{BatchName, Timestamp};
use rusqlite::Connection;

use super::{account::Account, code, groups};
use crate::error::Result;
use reelq_limits::remaining_budget::RemainingBudget;
use reelq_store::HeldBatch;

/// What the account's budgets have left.
pub(super) fn of(account: &Account, now: Timestamp) -> RemainingBudget {
    account.balance(now).remaining(account.limits.as_ref())
}

/// The batches that wait for the account's money.
pub(super) fn held(conn: &Connection, account: &Account, now: Timestamp) -> Result<Vec<HeldBatch>> {
    let remaining_budget = of(account, now);
    if !remaining_budget.is_bounded() {
        return Ok(Vec::new());
    }
    let mut held = Vec::new();
    for waiting in groups::waiting(conn, account.id, None, &[])? {
        if let Some((by, until)) = waiting.budget.held_by(&remaining_budget, waiting.prices, now)
            && let Some(batch) = name(conn, waiting.batch)?
        {
            held.push(HeldBatch { batch, by, until });
        }
    }
    Ok(held)
}

/// The batch's name; nothing where it is none.
fn name(conn: &Connection, batch: i64) -> Result<Option<BatchName>> {
    let mut statement = conn.prepare_cached("SELECT name FROM batches WHERE id = ?1")?;
    let name = statement.query_row([batch], |row| code::text(row, "name"))?;
    Ok(name.and_then(|name| BatchName::new(name).ok()))
}
