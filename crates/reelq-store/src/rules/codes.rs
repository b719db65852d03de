//! The numbers that stand for words in stored records. They are never given another meaning.

use reelq_model::{BlockReason, Status};

use crate::{Error, PauseReason, Result};

/// The provider said to wait.
pub const PAUSE_THROTTLED: i64 = 1;
/// The provider refused the account.
pub const PAUSE_BLOCKED: i64 = 2;
/// A person paused it.
pub const PAUSE_OPERATOR: i64 = 3;
/// The breaker is open.
pub const PAUSE_BREAKER: i64 = 4;

/// The number of a status.
pub fn status(status: Status) -> i64 {
    Status::ALL.iter().zip(0..).find_map(|(each, code)| (*each == status).then_some(code)).unwrap_or(-1)
}

/// The status of a number.
///
/// # Errors
/// Broken where the number stands for none.
pub fn read_status(code: i64) -> Result<Status> {
    let found = usize::try_from(code).ok().and_then(|index| Status::ALL.get(index).copied());
    found.ok_or_else(|| Error::broken(format!("`{code}` stands for no status")))
}

/// One number a reason, whatever its details: at most one active pause per reason.
pub const fn pause(reason: &PauseReason) -> i64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_keep_their_numbers() {
        let words = Status::ALL.map(Status::as_str);
        let kept = ["queued", "submitting", "unconfirmed", "running", "fetching", "succeeded", "failed", "cancelled"];
        assert_eq!(words, kept);
        for (each, code) in Status::ALL.into_iter().zip(0..) {
            assert_eq!(status(each), code);
            assert_eq!(read_status(code).unwrap(), each);
        }
        assert!(read_status(8).is_err());
        assert!(read_status(-1).is_err());
    }

    #[test]
    fn pauses_keep_their_numbers() {
        let blocked = |block| PauseReason::Blocked { block, message: String::new() };
        let blocks = [BlockReason::Unauthorized, BlockReason::NoCredit, BlockReason::Forbidden];
        assert_eq!(blocks.map(|block| pause(&blocked(block))), [2, 2, 2]);
        assert_eq!([PauseReason::Throttled, PauseReason::Operator].map(|reason| pause(&reason)), [1, 3]);
    }
}
