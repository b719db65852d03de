//! What a refused status, cancel or balance request means, the same for every vendor.

use reelq_model::{BlockReason, TaskId};

use super::{ReplyError, gone};
use crate::{BalanceOutcome, CancelOutcome, PollOutcome, Reply};

/// What an account's refusal with this status means.
pub(super) const fn block_reason(status: u16) -> Option<BlockReason> {
    match status {
        401 => Some(BlockReason::Unauthorized),
        402 => Some(BlockReason::NoCredit),
        403 => Some(BlockReason::Forbidden),
        _ => None,
    }
}

fn status_of(complaint: &ReplyError, reply: &Reply) -> u16 {
    complaint.status.unwrap_or(reply.status)
}

/// A status reply that tells nothing of how the task `asked` goes. Only the vendor's own envelope is a verdict.
pub(super) fn poll_refused(asked: &TaskId, reply: &Reply, complaint: &ReplyError) -> PollOutcome {
    let status = status_of(complaint, reply);
    let unclear = || PollOutcome::Unclear(complaint.setback(format_args!("HTTP {status}")));
    if status == 429 {
        return PollOutcome::Throttled(complaint.setback("HTTP 429"));
    }
    if !complaint.is_vendors {
        return unclear();
    }
    if is_not_found(asked, status, reply.status, complaint) {
        return PollOutcome::NotFound { message: complaint.message.clone() };
    }
    match block_reason(status) {
        Some(reason) => PollOutcome::Blocked { reason, message: complaint.message.clone() },
        None => unclear(),
    }
}

/// Whether the vendor says that it does not know the task: by a status for that, or in words that mean nothing else.
fn is_not_found(asked: &TaskId, status: u16, http: u16, complaint: &ReplyError) -> bool {
    let said = complaint.said();
    let by_words = || gone::is_unknown([complaint.code.as_deref(), said.as_deref()], asked);
    let by_status = || !gone::is_about_another_thing(said.as_deref());
    match status {
        404 | 410 => by_words() || by_status(),
        400 | 422 => by_words(),
        _ => matches!(http, 200..=299) && complaint.envelope.is_none() && by_words(),
    }
}

/// A cancel reply that does not confirm; `too_late` where the vendor says that the task has begun.
pub(crate) fn cancel_refused(reply: &Reply, complaint: &ReplyError, too_late: bool) -> CancelOutcome {
    match status_of(complaint, reply) {
        409 => CancelOutcome::TooLate,
        _ if too_late => CancelOutcome::TooLate,
        status => CancelOutcome::Unclear(complaint.setback(format_args!("HTTP {status}"))),
    }
}

/// A balance reply that is not a balance.
pub(crate) fn balance_refused(reply: &Reply, complaint: &ReplyError) -> BalanceOutcome {
    let status = status_of(complaint, reply);
    match block_reason(status).filter(|_| complaint.is_vendors) {
        Some(reason) => BalanceOutcome::Blocked { reason, message: complaint.message.clone() },
        None => BalanceOutcome::Unclear(complaint.setback(format_args!("HTTP {status}"))),
    }
}
