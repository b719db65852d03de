//! The claim: takes due jobs in hand, as far as pauses, tokens, caps and budgets allow.

use std::{borrow::Cow, time::Duration};

use reelq_model::{BatchName, Timestamp};
use rusqlite::{OptionalExtension as _, params};

use super::{
    account::{self, Account},
    claim_due, claim_ready, code, rescue, restored,
    writer::Tx,
};
use crate::error::Result;
use reelq_store::rules::pauses;
use reelq_store::{Claim, ClaimStage, Claimed, Pause};

/// What a claim works with.
pub(super) struct Desk<'a> {
    pub tx: &'a Tx<'a>,
    pub claim: &'a Claim,
    pub account: Account,
    /// The batch that it is narrowed to.
    pub batch: Option<i64>,
    /// The batches of which nothing new is taken.
    pub except: Vec<i64>,
}

pub(super) fn claim(tx: &Tx<'_>, claim: &Claim) -> Result<Claimed> {
    rescue::expired(tx)?;
    let found = account::find(tx.conn, &claim.account)?;
    // Who has it in its configuration has its limits, its budgets and its cap: nothing is bought without them.
    let limits = found.as_ref().and_then(|account| account.limits);
    if claim.stage == ClaimStage::Submit && limits.is_none() {
        return Ok(Claimed { limits_missing: true, ..Claimed::default() });
    }
    let Some(account) = found else { return Ok(Claimed::default()) };
    let batch = match &claim.batch {
        None => None,
        Some(name) => match batch_id(tx, name)? {
            None => return Ok(Claimed::default()),
            found => found,
        },
    };
    let mut except = Vec::new();
    for name in &claim.except {
        except.extend(batch_id(tx, name)?);
    }
    let desk = Desk { tx, claim, account, batch, except };
    // What was bought since a backup was taken is not known here: a person says when buying may go on.
    let is_held = claim.stage == ClaimStage::Submit && restored::taken_at(tx.conn)?.is_some();
    if claim.limit == 0 || is_held {
        return Ok(Claimed::default());
    }
    let held = holding(&desk)?;
    if !held.is_empty() {
        let last = pauses::last_end(held).map(|last| last.since(tx.now));
        let retry_in = match claim.stage {
            // Where there is nothing to ask about, nobody waits for the end of the pause.
            ClaimStage::Poll => last.zip(desk.next_due(claim_due::NEXT_POLL)?).map(|(last, due)| last.max(due)),
            _ => last,
        };
        return Ok(Claimed { retry_in, ..Claimed::default() });
    }
    match claim.stage {
        ClaimStage::Submit => claim_ready::submit(&desk),
        ClaimStage::Poll => claim_due::poll(&desk),
        ClaimStage::Collect => claim_due::collect(&desk),
    }
}

pub(super) fn batch_id(tx: &Tx<'_>, name: &BatchName) -> Result<Option<i64>> {
    let sql = "SELECT id FROM batches WHERE name = ?1";
    Ok(tx.conn.prepare_cached(sql)?.query_row([name.as_str()], |row| row.get(0)).optional()?)
}

/// The pauses that hold this kind of work.
fn holding(desk: &Desk<'_>) -> Result<Vec<Pause>> {
    let now = desk.tx.now;
    let holds = |(kind, pause)| pauses::holding(desk.claim.stage, kind, pause, now);
    Ok(account::pauses(desk.tx.conn, desk.account.id, now)?.into_iter().filter_map(holds).collect())
}

impl Desk<'_> {
    /// Makes due jobs that waited for their time claimable.
    pub(super) fn promote(&self, sql: &str) -> Result<()> {
        self.tx.conn.prepare_cached(sql)?.execute(params![self.account.id, self.tx.now.millis()])?;
        Ok(())
    }

    /// The query without the batches of which nothing new is taken: they are few, and usually none.
    pub(super) fn without_except<'s>(&self, sql: &'s str) -> Cow<'s, str> {
        if self.except.is_empty() {
            return Cow::Borrowed(sql);
        }
        let ids: Vec<String> = self.except.iter().map(i64::to_string).collect();
        Cow::Owned(sql.replacen(" ORDER BY", &format!(" AND batch NOT IN ({}) ORDER BY", ids.join(", ")), 1))
    }

    /// Row numbers by one of the queues' queries.
    pub(super) fn rows(&self, sql: &str, limit: usize) -> Result<Vec<i64>> {
        let mut statement = self.tx.conn.prepare_cached(sql)?;
        let params = params![self.account.id, self.tx.now.millis(), self.batch, code::limit(limit)];
        Ok(statement.query_map(params, |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
    }

    /// How long until the next job of a queue is due.
    pub(super) fn next_due(&self, sql: &str) -> Result<Option<Duration>> {
        let mut statement = self.tx.conn.prepare_cached(sql)?;
        let due: Option<i64> =
            statement.query_row(params![self.account.id, self.batch], |row| row.get(0)).optional()?;
        Ok(due.map(|due| Timestamp::from_millis(due).since(self.tx.now)))
    }
}

/// The sooner of two times, where there are any.
pub(super) fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}
