//! The numbers that stand for words in the file. They are never given another meaning.

use reelq_model::{BlockReason, Job, Stage, Status};
use rusqlite::types::ValueRef;

use crate::error::Result;
use reelq_store::{Error, PauseReason};

/// Queued, not claimable: in hand, parked or ended.
pub(super) const QUEUE_NONE: i64 = 0;
/// To submit, due.
pub(super) const QUEUE_READY: i64 = 1;
/// To submit, due later.
pub(super) const QUEUE_WAITING: i64 = 2;
/// To send again under the same key.
pub(super) const QUEUE_REPLAY: i64 = 3;
/// To ask the provider about.
pub(super) const QUEUE_POLL: i64 = 4;
/// To fetch, due.
pub(super) const QUEUE_FETCH: i64 = 5;
/// To fetch, due later.
pub(super) const QUEUE_FETCH_LATER: i64 = 6;

/// Nobody wants the job cancelled.
pub(super) const CANCEL_NONE: i64 = 0;
/// A person wants it cancelled.
pub(super) const CANCEL_ASKED: i64 = 1;
/// Its line is gone; a line that comes back revives it.
pub(super) const CANCEL_GONE: i64 = 2;

/// Stands for a price that is not known.
pub(super) const NO_PRICE: i64 = reelq_store::rules::bounds::NO_PRICE;

pub(super) fn status(status: Status) -> i64 {
    Status::ALL.iter().zip(0..).find_map(|(each, code)| (*each == status).then_some(code)).unwrap_or(-1)
}

pub(super) fn read_status(code: i64) -> Result<Status> {
    let found = usize::try_from(code).ok().and_then(|index| Status::ALL.get(index).copied());
    Ok(found.ok_or_else(|| Error::broken(format!("`{code}` stands for no status")))?)
}

/// Which queue a job waits in that nobody has in hand.
pub(super) fn queue(job: &Job, due_now: bool) -> i64 {
    match &job.stage {
        Stage::Ready if due_now => QUEUE_READY,
        Stage::Ready => QUEUE_WAITING,
        Stage::Submitting { .. } => QUEUE_REPLAY,
        Stage::Running { .. } => QUEUE_POLL,
        Stage::Fetching { .. } if due_now => QUEUE_FETCH,
        Stage::Fetching { .. } => QUEUE_FETCH_LATER,
        _ => QUEUE_NONE,
    }
}

/// One number a reason, whatever its details: at most one pause of each stands.
pub(super) fn pause(reason: &PauseReason) -> i64 {
    match reason {
        PauseReason::Throttled => PAUSE_THROTTLED,
        PauseReason::Blocked {
            block: BlockReason::Unauthorized | BlockReason::NoCredit | BlockReason::Forbidden,
            ..
        } => PAUSE_BLOCKED,
        PauseReason::Operator => PAUSE_OPERATOR,
        PauseReason::Breaker { .. } => PAUSE_BREAKER,
    }
}

/// The provider said to wait.
pub(super) const PAUSE_THROTTLED: i64 = 1;
/// The provider refused the account.
pub(super) const PAUSE_BLOCKED: i64 = 2;
/// A person paused it.
pub(super) const PAUSE_OPERATOR: i64 = 3;
/// The breaker is open.
pub(super) const PAUSE_BREAKER: i64 = 4;

/// A count as `SQLite` holds it.
pub(super) fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as callers want it.
pub(super) fn count(int: i64) -> u64 {
    u64::try_from(int).unwrap_or(0)
}

/// A list's length as `SQLite` wants a limit.
pub(super) fn limit(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// A column of whole numbers: `SQLite` turned sums that ran over into floats, and a hand may have written anything.
#[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
pub(super) fn whole(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Option<i64>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(number) => Some(number),
        ValueRef::Real(number) => Some(number as i64),
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    })
}

/// The same for a sum, which counts as nothing where it says nothing.
pub(super) fn total(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<i64> {
    Ok(whole(row, column)?.unwrap_or(0))
}

/// A column of text; nothing where it is none.
pub(super) fn text(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(text) => String::from_utf8(text.to_vec()).ok(),
        _ => None,
    })
}

/// Whether a column holds what no version writes in the place of a whole number. A float is a sum that ran over.
pub(super) fn is_no_number(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<bool> {
    Ok(matches!(row.get_ref(column)?, ValueRef::Text(_) | ValueRef::Blob(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_keep_their_numbers() {
        let codes = Status::ALL.map(|each| (each.as_str(), status(each)));
        insta::assert_compact_debug_snapshot!(codes);
        for each in Status::ALL {
            assert_eq!(read_status(status(each)).unwrap(), each);
        }
        assert!(read_status(8).is_err());
    }
}
