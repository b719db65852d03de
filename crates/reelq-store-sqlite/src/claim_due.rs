//! Claims of tasks to ask about and of outputs to fetch.

use std::time::Duration;

use rusqlite::params;

use super::{
    claim_queue::{FETCHES, NEXT_FETCH, NEXT_POLL, POLLS},
    claim_scope::ClaimScope,
    lease,
};
use crate::error::Result;
use reelq_limits::token_bucket::TokenBucket;
use reelq_store::{Claimed, Lease, rules::next_work::NextWork};

/// Status requests a second on an account whose limits cannot be read.
const UNREAD_POLLS_PER_SECOND: f64 = 1.0;

pub(super) const FETCHES_NOW_DUE: &str = "UPDATE jobs SET queue = 5 WHERE account = ?1 AND queue = 6 AND due <= ?2";

/// Tasks that are due, the most overdue first.
pub(super) fn poll(scope: &ClaimScope<'_>) -> Result<Claimed> {
    let limit = scope.claim.limit;
    let bucket = match &scope.account.limits {
        // What was bought is followed, slowly, where it is not known how fast that may be.
        None if scope.account.unread.is_some() => {
            TokenBucket::new(UNREAD_POLLS_PER_SECOND, 1, scope.account.poll_tat, scope.tx.now)
        }
        None => None,
        Some(limits) => match limits.poll_bucket(scope.account.poll_tat, scope.tx.now) {
            None => return Ok(Claimed::default()),
            bucket => bucket,
        },
    };
    let tokens = bucket.map_or(limit, |bucket| bucket.available().min(limit));
    let rows = scope.due(&POLLS, tokens)?;
    let leases = lease::give(scope.tx, &rows, &scope.claim.worker, scope.claim.lease)?;
    let given = leases.len();
    if let Some(tat) = bucket.and_then(|bucket| bucket.to_keep(given)) {
        scope
            .tx
            .conn
            .prepare_cached("UPDATE accounts SET poll_tat = ?1 WHERE id = ?2")?
            .execute(params![tat, scope.account.id])?;
    }
    if given < rows.len() {
        return Ok(passed_over(leases));
    }
    let due = if given == limit { None } else { scope.next_due(&NEXT_POLL)? };
    let token = bucket.map(|bucket| bucket.next_in(given));
    Ok(NextWork { due, token, ..NextWork::default() }.claimed(leases, limit))
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
