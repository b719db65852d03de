//! What a submit reply means, the same for every vendor.

use reelq_model::{Acceptance, BlockReason, FailureKind, Money, SubmitOutcome, TaskId};
use serde_json::Value;

use super::Complaint;
use crate::{Reply, catalogue::Replies};

/// Classifies a reply; `task` and `cost` are what the vendor's reader found in a success.
pub(crate) fn submitted(
    submission: u32,
    reply: &Reply,
    document: Option<&Value>,
    found: Option<(String, Option<Money>)>,
    replies: &Replies,
) -> SubmitOutcome {
    let complaint = Complaint::read(reply, document, replies);
    let is_success = (200..=299).contains(&reply.status);
    if let Some((id, cost)) = found.filter(|_| is_success) {
        // Even beside an error code: a task that is named is followed, never forgotten.
        return match TaskId::new(id) {
            Ok(task) => {
                SubmitOutcome::Accepted(Acceptance { task, submission, cost, at: reply.at, outputs: Vec::new() })
            }
            Err(error) => SubmitOutcome::Ambiguous(complaint.setback(error)),
        };
    }
    if let Some(task) = document.and_then(named_task) {
        // A refusal beside a task proves nothing: the vendor may mean one that an earlier request bought.
        let what = format!("HTTP {} that names the task {task}", reply.status);
        return SubmitOutcome::Ambiguous(complaint.setback(what));
    }
    match complaint.status {
        Some(status) => refused(status, &complaint, replies),
        None if document.is_none() => {
            SubmitOutcome::Ambiguous(complaint.setback(format!("HTTP {} whose body is not JSON", reply.status)))
        }
        None => SubmitOutcome::Ambiguous(complaint.setback(format!("HTTP {} without a task id", reply.status))),
    }
}

/// The task that a refusal names, whatever it means by that.
fn named_task(document: &Value) -> Option<TaskId> {
    const PLACES: [&str; 6] =
        ["/task_id", "/taskId", "/data/task_id", "/data/taskId", "/error/task_id", "/error/taskId"];
    PLACES.iter().find_map(|place| TaskId::new(document.pointer(place)?.as_str()?).ok())
}

fn refused(status: u16, complaint: &Complaint, replies: &Replies) -> SubmitOutcome {
    let blocked = |reason| SubmitOutcome::Blocked { reason, message: complaint.message.clone() };
    match status {
        401 => blocked(BlockReason::Unauthorized),
        402 => blocked(BlockReason::NoCredit),
        403 => blocked(BlockReason::Forbidden),
        429 => SubmitOutcome::Throttled(complaint.setback(format_args!("HTTP {status}"))),
        status if takes_nothing(status) || complaint.proves_nothing_taken() => {
            SubmitOutcome::Rejected(complaint.failure(replies, FailureKind::Invalid))
        }
        status => SubmitOutcome::Ambiguous(complaint.setback(format_args!("HTTP {status}"))),
    }
}

/// Statuses that say that the request was not carried out.
///
/// Not 408, 409 and 425: the first may follow a request that was taken, the second a key that bought already, the third a
/// proxy that did pass it on. Of the redirects, only those that demand the same request elsewhere.
const fn takes_nothing(status: u16) -> bool {
    matches!(status, 301 | 307 | 308 | 400 | 404 | 405 | 406 | 410 | 411 | 413 | 414 | 415 | 417 | 422 | 431 | 451)
}
