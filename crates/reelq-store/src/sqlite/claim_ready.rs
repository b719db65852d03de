//! Claims of jobs to submit. What one batch's budget or pause holds back never holds up another batch.

use std::{cmp::Reverse, collections::BTreeMap};

use rusqlite::{OptionalExtension as _, params};

use super::{
    claim::{Desk, sooner},
    code, lease,
    tokens::Bucket,
};
use crate::{Claimed, Result};

pub(super) const REPLAYS: &str = "SELECT seq FROM jobs WHERE account = ?1 AND queue = 3 AND due <= ?2 \
    AND (?3 IS NULL OR batch = ?3) ORDER BY due LIMIT ?4";
pub(super) const NEXT_REPLAY: &str =
    "SELECT due FROM jobs WHERE account = ?1 AND queue = 3 AND (?2 IS NULL OR batch = ?2) ORDER BY due LIMIT 1";
pub(super) const NOW_DUE: &str = "UPDATE jobs SET queue = 1 WHERE account = ?1 AND queue = 2 AND due <= ?2";
pub(super) const NEXT_WAITING: &str =
    "SELECT due FROM jobs WHERE account = ?1 AND queue = 2 AND (?2 IS NULL OR batch = ?2) ORDER BY due LIMIT 1";
/// The next pair of batch and price among the jobs that are ready: a skip through the index, not a scan.
pub(super) const NEXT_GROUP: &str = "SELECT batch, price FROM jobs WHERE account = ?1 AND queue = 1 \
    AND (batch, price) > (?2, ?3) ORDER BY batch, price LIMIT 1";
pub(super) const GROUP: &str = "SELECT priority, seq FROM jobs WHERE account = ?1 AND batch = ?2 AND price = ?3 \
    AND queue = 1 ORDER BY priority DESC, seq LIMIT ?4";
const BATCH: &str = "SELECT budget, spent + reserved + claimed FROM batches WHERE id = ?1 AND whole AND NOT paused";

/// Submissions whose fate is open, then new ones.
pub(super) fn submit(desk: &Desk<'_>) -> Result<Claimed> {
    desk.promote(NOW_DUE)?;
    let limit = desk.claim.limit;
    let Some(bucket) = bucket(desk) else { return Ok(Claimed::default()) };
    let tokens = bucket.map_or(limit, |bucket| bucket.available().min(limit));
    let mut rows = desk.rows(REPLAYS, tokens)?;
    rows.extend(ready(desk, (tokens - rows.len()).min(room(desk)))?);
    let leases = lease::give(desk.scribe, &rows, &desk.claim.worker, desk.claim.lease)?;
    let given = leases.len();
    if let Some(bucket) = bucket.filter(|_| given > 0) {
        desk.scribe
            .conn
            .prepare_cached("UPDATE accounts SET submit_tat = ?1 WHERE id = ?2")?
            .execute(params![bucket.take(given), desk.account.id])?;
    }
    let retry_in = if given == limit { None } else { retry_in(desk, bucket, given, tokens)? };
    Ok(Claimed { leases, retry_in })
}

/// The account's bucket; `Some(None)` where it has no limits, `None` where its rate gives no tokens at all.
#[expect(clippy::option_option, reason = "no limits and no tokens are two things")]
fn bucket(desk: &Desk<'_>) -> Option<Option<Bucket>> {
    let Some(limits) = &desk.account.limits else { return Some(None) };
    let bucket = Bucket::new(limits.requests_per_second, limits.burst.get(), desk.account.submit_tat, desk.scribe.now)?;
    Some(Some(bucket))
}

/// How many more jobs the account's cap lets into flight.
fn room(desk: &Desk<'_>) -> usize {
    let cap = desk.account.limits.map_or(i64::MAX, |limits| i64::from(limits.max_in_flight.get()));
    usize::try_from(cap - desk.account.in_flight).unwrap_or(0)
}

fn retry_in(
    desk: &Desk<'_>,
    bucket: Option<Bucket>,
    given: usize,
    tokens: usize,
) -> Result<Option<std::time::Duration>> {
    let due = sooner(desk.next_due(NEXT_REPLAY)?, desk.next_due(NEXT_WAITING)?);
    let token = bucket.map(|bucket| bucket.next_in(given));
    let more = given == tokens && room(desk) > given && first_group(desk)?.is_some();
    let due = due.map(|due| token.map_or(due, |token| due.max(token)));
    Ok(sooner(due, token.filter(|_| more)))
}

/// A pair of batch and price, with the money that is left for it.
struct Candidate {
    priority: Reverse<i64>,
    seq: i64,
    batch: i64,
    price: i64,
}

/// The first jobs in order of priority and age whose batches may be worked on and can pay for them.
fn ready(desk: &Desk<'_>, limit: usize) -> Result<Vec<i64>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut left = BTreeMap::new();
    let mut candidates = Vec::new();
    let mut group = first_group(desk)?;
    while let Some((batch, price)) = group {
        if let std::collections::btree_map::Entry::Vacant(entry) = left.entry(batch) {
            entry.insert(money_left(desk, batch)?);
        }
        let open = left.get(&batch).copied().flatten();
        if open.is_some_and(|left| affordable(left, price)) {
            candidates.extend(members(desk, batch, price, limit)?);
        }
        // A batch that may not be worked on is passed over whole.
        group = next_group(desk, batch, if open.is_some() { price } else { i64::MAX })?;
    }
    candidates.sort_by_key(|candidate| (candidate.priority, candidate.seq));
    Ok(take(candidates, &mut left, limit))
}

/// What a batch may still spend: `None` where it may not be worked on, `Some(None)` where it has no budget.
type Left = Option<Option<i64>>;

fn money_left(desk: &Desk<'_>, batch: i64) -> Result<Left> {
    let read = |row: &rusqlite::Row<'_>| {
        let (budget, used): (Option<i64>, i64) = (row.get(0)?, row.get(1)?);
        Ok(budget.map(|budget| budget.saturating_sub(used)))
    };
    Ok(desk.scribe.conn.prepare_cached(BATCH)?.query_row([batch], read).optional()?)
}

/// Whether a price fits; under a budget a price that is not known never does.
fn affordable(left: Option<i64>, price: i64) -> bool {
    left.is_none_or(|left| price != code::NO_PRICE && price <= left)
}

fn take(candidates: Vec<Candidate>, left: &mut BTreeMap<i64, Left>, limit: usize) -> Vec<i64> {
    let mut rows = Vec::new();
    for candidate in candidates {
        let Some(Some(left)) = left.get_mut(&candidate.batch) else { continue };
        if rows.len() < limit && affordable(*left, candidate.price) {
            *left = left.map(|left| left - candidate.price);
            rows.push(candidate.seq);
        }
    }
    rows
}

fn members(desk: &Desk<'_>, batch: i64, price: i64, limit: usize) -> Result<Vec<Candidate>> {
    let mut statement = desk.scribe.conn.prepare_cached(GROUP)?;
    let read =
        |row: &rusqlite::Row<'_>| Ok(Candidate { priority: Reverse(row.get(0)?), seq: row.get(1)?, batch, price });
    let rows = statement.query_map(params![desk.account.id, batch, price, code::limit(limit)], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn first_group(desk: &Desk<'_>) -> Result<Option<(i64, i64)>> {
    next_group(desk, desk.batch.unwrap_or(i64::MIN), i64::MIN)
}

fn next_group(desk: &Desk<'_>, batch: i64, price: i64) -> Result<Option<(i64, i64)>> {
    let mut statement = desk.scribe.conn.prepare_cached(NEXT_GROUP)?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let found = statement.query_row(params![desk.account.id, batch, price], read).optional()?;
    Ok(found.filter(|(found, _)| desk.batch.is_none_or(|wanted| wanted == *found)))
}
