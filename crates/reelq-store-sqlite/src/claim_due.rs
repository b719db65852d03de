//! Claims of tasks to ask about and of outputs to fetch.

use std::time::Duration;

use super::{
    claim_queue::{FETCHES, NEXT_FETCH, NEXT_POLL, POLLS},
    claim_scope::ClaimScope,
    follow, lease, limits,
};
use crate::error::Result;
use reelq_store::{Claimed, Lease, rules::next_work::NextWork};

pub(super) const FETCHES_NOW_DUE: &str = "UPDATE jobs SET queue = 5 WHERE account = ?1 AND queue = 6 AND due <= ?2";

/// Tasks that are due, the most overdue first.
pub(super) fn poll(scope: &ClaimScope<'_>) -> Result<Claimed> {
    let limit = scope.claim.limit;
    let bucket = limits::poll_bucket(&scope.account, scope.tx.now);
    if bucket.is_none() && scope.account.is_bounded() {
        return Ok(Claimed::default());
    }
    let tokens = bucket.map_or(limit, |bucket| bucket.available().min(limit));
    let rows = scope.due(&POLLS, tokens)?;
    let leases = lease::give(scope.tx, &rows, &scope.claim.worker, scope.claim.lease)?;
    let given = leases.len();
    if let Some(bucket) = &bucket {
        limits::keep_poll_tokens(scope.tx, scope.account.id, bucket, given)?;
    }
    if given < rows.len() {
        return Ok(passed_over(leases));
    }
    let due = if given == limit { None } else { next_poll(scope)? };
    let token = bucket.map(|bucket| bucket.next_in(given));
    Ok(NextWork { due, token, ..NextWork::default() }.claimed(leases, limit))
}

/// How long until a task is due, or may be taken from its follower.
pub(super) fn next_poll(scope: &ClaimScope<'_>) -> Result<Option<Duration>> {
    Ok(scope.next_due(&NEXT_POLL)?.into_iter().chain(follow::next_lapse(scope)?).min())
}

/// Outputs that are due, the earliest link deadline first.
pub(super) fn collect(scope: &ClaimScope<'_>) -> Result<Claimed> {
    scope.promote(FETCHES_NOW_DUE)?;
    let rows = scope.new_due(&FETCHES, scope.claim.limit)?;
    let leases = lease::give(scope.tx, &rows, &scope.claim.worker, scope.claim.lease)?;
    if leases.len() < rows.len() {
        return Ok(passed_over(leases));
    }
    let limit = scope.claim.limit;
    let due = if leases.len() == limit { None } else { scope.next_new_due(&NEXT_FETCH)? };
    Ok(NextWork { due, ..NextWork::default() }.claimed(leases, limit))
}

/// What cannot be read was put aside; it stood before others, which the next claim brings.
pub(super) fn passed_over(leases: Vec<Lease>) -> Claimed {
    Claimed { leases, retry_in: Some(Duration::ZERO), ..Claimed::default() }
}
