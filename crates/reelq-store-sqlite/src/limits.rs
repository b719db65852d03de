//! Limits and pauses, as the last word of whoever sets them.

use std::time::Duration;

use reelq_model::{AccountName, BatchName, Money};
use rusqlite::{OptionalExtension as _, params};

use super::{account, breaker, code, tx::Tx};
use crate::error::Result;
use reelq_store::rules::bounds;
use reelq_store::rules::draft::{with_budget, without_plan};
use reelq_store::rules::pauses;
use reelq_store::{AccountLimits, Error, PauseReason};

pub(super) fn set(tx: &Tx<'_>, name: &AccountName, limits: &AccountLimits) -> Result<()> {
    let id = account::id(tx.conn, name)?;
    let text = serde_json::to_string(limits).map_err(|error| Error::broken(error.to_string()))?;
    let changed = tx
        .conn
        .prepare_cached("UPDATE accounts SET limits = ?1 WHERE id = ?2 AND limits IS NOT ?1")?
        .execute(params![text, id])?;
    if changed > 0 {
        tx.news.set(true);
    }
    Ok(())
}

pub(super) fn pause(tx: &Tx<'_>, name: &AccountName, reason: &PauseReason, lasts: Option<Duration>) -> Result<()> {
    let id = account::id(tx.conn, name)?;
    let kind = code::pause(reason);
    let standing = account::pauses(tx.conn, id, tx.now)?.into_iter().find(|(each, _)| *each == kind);
    let (since, until) = pauses::merged(standing.as_ref().map(|(_, pause)| pause), lasts, tx.now);
    let reason = serde_json::to_string(reason).map_err(|error| Error::broken(error.to_string()))?;
    tx.conn
        .prepare_cached(
            "INSERT OR REPLACE INTO pauses (account, kind, reason, since, until) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![id, kind, reason, since.millis(), until.map(reelq_model::Timestamp::millis)])?;
    tx.news.set(true);
    Ok(())
}

pub(super) fn resume(tx: &Tx<'_>, name: &AccountName, operator: bool) -> Result<()> {
    let id = account::id(tx.conn, name)?;
    let refused = "DELETE FROM pauses WHERE account = ?1 AND kind = ?2";
    tx.conn.prepare_cached(refused)?.execute([id, code::PAUSE_BLOCKED])?;
    if operator {
        let all = "DELETE FROM pauses WHERE account = ?1 AND kind < ?2";
        tx.conn.prepare_cached(all)?.execute([id, code::PAUSE_BREAKER])?;
        breaker::resume(tx, name)?;
    }
    tx.news.set(true);
    Ok(())
}

pub(super) fn set_budget(tx: &Tx<'_>, name: &BatchName, budget: Option<Money>) -> Result<()> {
    let draft = with_budget(&draft(tx, name)?, budget)?;
    let sql = "UPDATE batches SET draft = ?1, budget = ?2 WHERE name = ?3";
    tx.conn.prepare_cached(sql)?.execute(params![draft, budget.map(bounds::cap), name.as_str()])?;
    tx.news.set(true);
    Ok(())
}

pub(super) fn forget_plan(tx: &Tx<'_>, name: &BatchName) -> Result<()> {
    let draft = without_plan(&draft(tx, name)?)?;
    let sql = "UPDATE batches SET draft = ?1 WHERE name = ?2";
    tx.conn.prepare_cached(sql)?.execute([draft.as_str(), name.as_str()])?;
    Ok(())
}

/// A batch's draft as it is kept.
fn draft(tx: &Tx<'_>, name: &BatchName) -> Result<String> {
    let mut read = tx.conn.prepare_cached("SELECT draft FROM batches WHERE name = ?1")?;
    let found: Option<String> = read.query_row([name.as_str()], |row| row.get(0)).optional()?;
    Ok(found.ok_or_else(|| Error::NoBatch(name.to_string()))?)
}

pub(super) fn pause_batch(tx: &Tx<'_>, name: &BatchName, paused: bool) -> Result<()> {
    let sql = "UPDATE batches SET paused = ?1 WHERE name = ?2";
    if tx.conn.prepare_cached(sql)?.execute(params![paused, name.as_str()])? == 0 {
        return Err(Error::NoBatch(name.to_string()).into());
    }
    tx.news.set(true);
    Ok(())
}
