//! Claims of jobs to submit. What one batch's budget or pause holds back never holds up another batch.

use std::{collections::BTreeMap, time::Duration};

use rusqlite::{OptionalExtension as _, params};

use super::{
    claim::{Desk, sooner},
    claim_due, code, groups, lease,
    ready_index::ReadyIndex,
    remaining_budget,
};
use crate::error::Result;
use reelq_limits::{fair_queue::FairQueue, token_bucket::TokenBucket};
use reelq_store::Claimed;

pub(super) const REPLAYS: &str = "SELECT seq FROM jobs WHERE account = ?1 AND queue = 3 AND due <= ?2 \
    AND (?3 IS NULL OR batch = ?3) ORDER BY due LIMIT ?4";
pub(super) const NEXT_REPLAY: &str =
    "SELECT due FROM jobs WHERE account = ?1 AND queue = 3 AND (?2 IS NULL OR batch = ?2) ORDER BY due LIMIT 1";
pub(super) const NOW_DUE: &str = "UPDATE jobs SET queue = 1 WHERE account = ?1 AND queue = 2 AND due <= ?2";
pub(super) const NEXT_WAITING: &str =
    "SELECT due FROM jobs WHERE account = ?1 AND queue = 2 AND (?2 IS NULL OR batch = ?2) ORDER BY due LIMIT 1";

/// Submissions whose fate is open, then new ones.
pub(super) fn submit(desk: &Desk<'_>) -> Result<Claimed> {
    desk.promote(NOW_DUE)?;
    let limit = desk.claim.limit;
    let Some(bucket) = bucket(desk) else { return Ok(Claimed::default()) };
    let tokens = bucket.map_or(limit, |bucket| bucket.available().min(limit));
    let mut rows = desk.rows(REPLAYS, tokens)?;
    let ready = ready(desk, (tokens - rows.len()).min(room(desk)))?;
    rows.extend(ready.rows);
    let leases = lease::give(desk.tx, &rows, &desk.claim.worker, desk.claim.lease)?;
    let given = leases.len();
    if let Some(bucket) = bucket.filter(|_| given > 0) {
        desk.tx
            .conn
            .prepare_cached("UPDATE accounts SET submit_tat = ?1, tokens = tokens + ?2 WHERE id = ?3")?
            .execute(params![bucket.take(given), code::limit(given), desk.account.id])?;
    }
    if given < rows.len() {
        return Ok(claim_due::passed_over(leases));
    }
    if given == limit {
        return Ok(Claimed { leases, ..Claimed::default() });
    }
    let retry_in = retry_in(desk, bucket, given, tokens)?;
    let day_ends = ready.held_by_day.then(|| desk.tx.now.day_end().since(desk.tx.now));
    let until_day_ends = day_ends.is_some() && retry_in.is_none();
    Ok(Claimed { leases, retry_in: sooner(retry_in, day_ends), until_day_ends, ..Claimed::default() })
}

/// The account's bucket; `Some(None)` where it has no limits, `None` where its rate gives no tokens at all.
#[expect(clippy::option_option, reason = "no limits and no tokens are two things")]
fn bucket(desk: &Desk<'_>) -> Option<Option<TokenBucket>> {
    let Some(limits) = &desk.account.limits else { return Some(None) };
    let rate = desk.account.pace.requests_per_second(limits);
    let bucket = TokenBucket::new(rate, limits.burst.get(), desk.account.submit_tat, desk.tx.now)?;
    Some(Some(bucket))
}

/// How many more jobs the account's cap lets into flight.
fn room(desk: &Desk<'_>) -> usize {
    let cap = desk.account.limits.map_or(i64::MAX, |limits| i64::from(desk.account.pace.max_in_flight(&limits).get()));
    usize::try_from(cap - desk.account.in_flight).unwrap_or(0)
}

fn retry_in(desk: &Desk<'_>, bucket: Option<TokenBucket>, given: usize, tokens: usize) -> Result<Option<Duration>> {
    let replay = desk.next_due(NEXT_REPLAY)?;
    let waiting = if desk.claim.only_open { None } else { desk.next_due(&desk.without_except(NEXT_WAITING))? };
    let due = sooner(replay, waiting);
    let token = bucket.map(|bucket| bucket.next_in(given));
    let any = || groups::any(desk.tx.conn, desk.account.id, desk.batch, &desk.except);
    let more = given == tokens && room(desk) > given && !desk.claim.only_open && any()?;
    let due = due.map(|due| token.map_or(due, |token| due.max(token)));
    Ok(sooner(due, token.filter(|_| more)))
}

/// New jobs to submit.
#[derive(Debug, Default)]
struct Ready {
    rows: Vec<i64>,
    /// Only the account's daily budget kept more from being taken.
    held_by_day: bool,
}

/// Takes jobs in turns from the batches that may be worked on, as far as there is money for them.
fn ready(desk: &Desk<'_>, limit: usize) -> Result<Ready> {
    let mut ready = Ready::default();
    if limit == 0 || desk.claim.only_open {
        return Ok(ready);
    }
    let mut remaining_budget = remaining_budget::of(&desk.account, desk.tx.now);
    let (mut fair_queue, mut heads) = (FairQueue::at(desk.account.turn), BTreeMap::new());
    for waiting in groups::waiting(desk.tx.conn, desk.account.id, desk.batch, &desk.except)? {
        fair_queue.add(waiting.batch, pass(desk, waiting.batch)?, waiting.stride);
        heads.insert(waiting.batch, ReadyIndex::new(waiting));
    }
    while ready.rows.len() < limit
        && let Some(ready_index) = fair_queue.next().and_then(|batch| heads.get_mut(&batch))
    {
        if let Some(seq) = ready_index.take(desk, &mut remaining_budget)? {
            ready.rows.push(seq);
            fair_queue.served();
        } else {
            ready.held_by_day |= ready_index.is_held_by_day();
            fair_queue.passed_over();
        }
    }
    save(desk, &fair_queue)?;
    Ok(ready)
}

/// Where a batch stands among the account's; `None` where it never had a turn.
fn pass(desk: &Desk<'_>, batch: i64) -> Result<Option<i64>> {
    let sql = "SELECT pass FROM shares WHERE account = ?1 AND batch = ?2";
    let mut statement = desk.tx.conn.prepare_cached(sql)?;
    Ok(statement.query_row([desk.account.id, batch], |row| row.get(0)).optional()?)
}

fn save(desk: &Desk<'_>, fair_queue: &FairQueue<i64>) -> Result<()> {
    let (conn, account) = (desk.tx.conn, desk.account.id);
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
