//! Limits and pauses, as the last word of whoever sets them.

use std::time::Duration;

use reelq_limits::token_bucket::TokenBucket;
use reelq_model::{AccountName, BatchName, Money, Timestamp};
use rusqlite::{OptionalExtension as _, params};

use super::{account, account::Account, breaker, code, tx::Tx};
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

/// Status requests a second on an account whose limits cannot be read.
const UNREAD_POLLS_PER_SECOND: f64 = 1.0;

/// The account's status requests; `None` where it has no limits, or they allow none.
pub(super) fn poll_bucket(account: &Account, now: Timestamp) -> Option<TokenBucket> {
    match &account.limits {
        // What was bought is followed, slowly, where it is not known how fast that may be.
        None if account.unread.is_some() => TokenBucket::new(UNREAD_POLLS_PER_SECOND, 1, account.poll_tat, now),
        None => None,
        Some(limits) => limits.poll_bucket(account.poll_tat, now),
    }
}

/// Keeps that so many status requests were taken.
pub(super) fn keep_poll_tokens(tx: &Tx<'_>, account: i64, bucket: &TokenBucket, taken: usize) -> Result<()> {
    if let Some(tat) = bucket.to_keep(taken) {
        let sql = "UPDATE accounts SET poll_tat = ?1 WHERE id = ?2";
        tx.conn.prepare_cached(sql)?.execute(params![tat, account])?;
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
