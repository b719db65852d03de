//! What a refused status, cancel or balance request means, the same for every vendor.

use reelq_model::BlockReason;

use super::Complaint;
use crate::{BalanceOutcome, CancelOutcome, PollOutcome, Reply};

const fn block_reason(status: u16) -> Option<BlockReason> {
    match status {
        401 => Some(BlockReason::Unauthorized),
        402 => Some(BlockReason::NoCredit),
        403 => Some(BlockReason::Forbidden),
        _ => None,
    }
}

fn status_of(complaint: &Complaint, reply: &Reply) -> u16 {
    complaint.status.unwrap_or(reply.status)
}

/// A status reply that tells nothing of the task.
pub(crate) fn poll_refused(reply: &Reply, complaint: &Complaint) -> PollOutcome {
    let status = status_of(complaint, reply);
    if let Some(reason) = block_reason(status) {
        return PollOutcome::Blocked { reason, message: complaint.message.clone() };
    }
    match status {
        404 => PollOutcome::NotFound { message: complaint.message.clone() },
        429 => PollOutcome::Throttled(complaint.setback(format_args!("HTTP {status}"))),
        status => PollOutcome::Unclear(complaint.setback(format_args!("HTTP {status}"))),
    }
}

/// A cancel reply that does not confirm; `too_late` where the vendor says that the task has begun.
pub(crate) fn cancel_refused(reply: &Reply, complaint: &Complaint, too_late: bool) -> CancelOutcome {
    match status_of(complaint, reply) {
        409 => CancelOutcome::TooLate,
        _ if too_late => CancelOutcome::TooLate,
        status => CancelOutcome::Unclear(complaint.setback(format_args!("HTTP {status}"))),
    }
}

/// A balance reply that is not a balance.
pub(crate) fn balance_refused(reply: &Reply, complaint: &Complaint) -> BalanceOutcome {
    let status = status_of(complaint, reply);
    match block_reason(status) {
        Some(reason) => BalanceOutcome::Blocked { reason, message: complaint.message.clone() },
        None => BalanceOutcome::Unclear(complaint.setback(format_args!("HTTP {status}"))),
    }
}
