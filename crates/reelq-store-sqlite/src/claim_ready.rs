//! Claims of jobs to submit. What one batch's budget or pause holds back never holds up another batch.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, params};

use super::{
    claim_due,
    claim_queue::{NEXT_REPLAY, NEXT_WAITING, REPLAYS},
    claim_scope::ClaimScope,
    code, groups, lease,
    ready_index::ReadyIndex,
    remaining_budget,
};
use crate::error::{Result, StepError};
use reelq_limits::fair_queue::FairQueue;
use reelq_store::{Claimed, rules::next_work::NextWork};

pub(super) const NOW_DUE: &str = "UPDATE jobs SET queue = 1 WHERE account = ?1 AND queue = 2 AND due <= ?2";

/// Submissions whose fate is open, then new ones.
pub(super) fn submit(scope: &ClaimScope<'_>) -> Result<Claimed> {
    scope.promote(NOW_DUE)?;
    let (account, limit) = (&scope.account, scope.claim.limit);
    let Some(limits) = account.limits else { return Ok(Claimed::default()) };
    let Some(bucket) = limits.submit_bucket(&account.pace, account.submit_tat, scope.tx.now) else {
        return Ok(Claimed::default());
    };
    let (tokens, room) = (bucket.available().min(limit), limits.room(&account.pace, account.sums.in_flight));
    let mut rows = scope.due(&REPLAYS, tokens)?;
    let ready = ready(scope, (tokens - rows.len()).min(room))?;
    rows.extend(ready.rows);
    let leases = lease::give(scope.tx, &rows, &scope.claim.worker, scope.claim.lease)?;
    let given = leases.len();
    if let Some(tat) = bucket.to_keep(given) {
        scope
            .tx
            .conn
            .prepare_cached("UPDATE accounts SET submit_tat = ?1, tokens = tokens + ?2 WHERE id = ?3")?
            .execute(params![tat, code::limit(given), scope.account.id])?;
    }
    if given < rows.len() {
        return Ok(claim_due::passed_over(leases));
    }
    if given == limit {
        return Ok(Claimed { leases, ..Claimed::default() });
    }
    let replay = scope.next_due(&NEXT_REPLAY)?;
    let waiting = if scope.claim.only_open { None } else { scope.next_new_due(&NEXT_WAITING)? };
    let next = NextWork {
        due: replay.into_iter().chain(waiting).min(),
        token: Some(bucket.next_in(given)),
        lacks_token: lacks_token(scope, given, tokens, room)?,
        day_ends: ready.held_by_day.then(|| scope.tx.now.day_end().since(scope.tx.now)),
    };
    Ok(next.claimed(leases, limit))
}

/// Whether jobs are ready that only lack a token. `room` is what the cap let into flight before the claim.
fn lacks_token(scope: &ClaimScope<'_>, given: usize, tokens: usize, room: usize) -> Result<bool> {
    let any = || groups::any(scope.tx.conn, scope.account.id, scope.batch, &scope.except);
    Ok(given == tokens && room > given && !scope.claim.only_open && any()?)
}

/// New jobs to submit.
#[derive(Debug, Default)]
struct Ready {
    rows: Vec<i64>,
    /// Only the account's daily budget kept more from being taken.
    held_by_day: bool,
}

/// Takes jobs in turns from the batches that may be worked on, as far as there is money for them.
fn ready(scope: &ClaimScope<'_>, limit: usize) -> Result<Ready> {
    let mut ready = Ready::default();
    if limit == 0 || scope.claim.only_open {
        return Ok(ready);
    }
    let mut remaining_budget = remaining_budget::of(&scope.account, scope.tx.now);
    let (mut fair_queue, mut heads) = (FairQueue::at(scope.account.turn), BTreeMap::new());
    for waiting in groups::waiting(scope.tx.conn, scope.account.id, scope.batch, &scope.except)? {
        fair_queue.add(waiting.batch, pass(scope, waiting.batch)?, waiting.stride);
        heads.insert(waiting.batch, ReadyIndex::new(waiting));
    }
    ready.rows = fair_queue.take(limit, |batch| {
        let Some(ready_index) = heads.get_mut(&batch) else { return Ok(None) };
        let found = ready_index.take(scope, &mut remaining_budget)?;
        ready.held_by_day |= found.is_none() && ready_index.is_held_by_day();
        Ok::<_, StepError>(found)
    })?;
    save(scope, &fair_queue)?;
    Ok(ready)
}

/// Where a batch stands among the account's; `None` where it never had a turn.
fn pass(scope: &ClaimScope<'_>, batch: i64) -> Result<Option<i64>> {
    let sql = "SELECT pass FROM shares WHERE account = ?1 AND batch = ?2";
    let mut statement = scope.tx.conn.prepare_cached(sql)?;
    Ok(statement.query_row([scope.account.id, batch], |row| row.get(0)).optional()?)
}

fn save(scope: &ClaimScope<'_>, fair_queue: &FairQueue<i64>) -> Result<()> {
    let (conn, account) = (scope.tx.conn, scope.account.id);
    let mut moved = fair_queue.moved().peekable();
    if moved.peek().is_some() {
        conn.prepare_cached("UPDATE accounts SET turn = ?1 WHERE id = ?2")?.execute([fair_queue.time(), account])?;
    }
    let mut statement =
        conn.prepare_cached("INSERT OR REPLACE INTO shares (account, batch, pass) VALUES (?1, ?2, ?3)")?;
    for (batch, pass) in moved {
        statement.execute([account, batch, pass])?;
    }
    Ok(())
}
