//! Wave's replies to outcomes.

use reelq_model::{Money, Settlement, SubmitOutcome, TaskId};
use serde::Deserialize;
use serde_json::Value;

use super::wire;
use crate::{
    BalanceOutcome, CancelOutcome, PollOutcome, Reply,
    catalogue::Replies,
    reading::{
        self, Context, Output, ReplyError, StatusMeaning, Text, about_another, balance_refused, between,
        cancel_refused, document, dollars, meaning, outputs, quota, settlement,
    },
};

const TOO_LATE: &str = "task_not_cancellable";

fn is_success(reply: &Reply) -> bool {
    (200..=299).contains(&reply.status)
}

/// The task of a reply, taken out of the envelope that older generations have.
fn taken_out(document: &Value) -> &Value {
    let outer = |name: &str| document.get(name).is_some_and(|value| !value.is_null());
    match document.get("data") {
        Some(inner @ Value::Object(_)) if !outer("task_id") && !outer("status") => inner,
        _ => document,
    }
}

fn body(task: &Value) -> wire::WaveTaskBody {
    Deserialize::deserialize(task).unwrap_or_default()
}

fn read(document: &Value, complaint: &ReplyError) -> reading::TaskReply {
    let task = taken_out(document);
    let body = body(task);
    reading::TaskReply {
        word: body.status.map(|Text(word)| word),
        progress: body.progress.map(|progress| progress.0),
        outputs: outputs(task),
        cost: quota(&body.cost),
        // The newest generation writes `billing_status: settled` beside every end: no word on a zero.
        is_settled: body.settled == Some(true) || body.refunded == Some(true),
        code: complaint.code.clone(),
        message: complaint.said(),
        ran: between(&body.created_at, &body.completed_at),
    }
}

/// At first the vendor says what it froze.
fn read_new(document: &Value, complaint: &ReplyError) -> reading::TaskReply {
    let task = read(document, complaint);
    let frozen = taken_out(document).get("pre_consumed_cost").and_then(quota);
    reading::TaskReply { cost: frozen.or(task.cost), ..task }
}

pub(super) fn submitted(submission: u32, reply: &Reply, context: Context<'_>) -> SubmitOutcome {
    reading::submitted(submission, reply, wire::TASK_ID, read_new, context)
}

pub(super) fn polled(task: &TaskId, reply: &Reply, context: Context<'_>) -> PollOutcome {
    reading::polled(task, reply, read, context)
}

pub(super) fn cancelled(asked: &TaskId, reply: &Reply, context: Context<'_>) -> CancelOutcome {
    let document = document(reply);
    let complaint = ReplyError::read(reply, document.as_ref(), context.replies);
    if let Some(setback) = about_another(asked, reply, document.as_ref(), &complaint) {
        return CancelOutcome::Unclear(setback);
    }
    let found = document.as_ref().filter(|_| is_success(reply)).map(|found| taken_out(&found.value));
    let task = found.map(body).unwrap_or_default();
    let word = task.status.as_ref().map(|Text(word)| word.as_str()).unwrap_or_default();
    match meaning(word) {
        // What it names may be fetched: the task is followed to its end.
        StatusMeaning::Cancelled if found.is_some_and(|found| outputs(found).iter().any(Output::is_clip)) => {
            CancelOutcome::TooLate
        }
        StatusMeaning::Cancelled => {
            let kept = task.refunded == Some(false);
            let settlement = if kept { Settlement::Charged } else { settlement(quota(&task.cost), None, context) };
            CancelOutcome::Cancelled { settlement }
        }
        StatusMeaning::Succeeded | StatusMeaning::Failed => CancelOutcome::TooLate,
        StatusMeaning::GoesOn if ["processing", "running"].iter().any(|begun| begun.eq_ignore_ascii_case(word)) => {
            CancelOutcome::TooLate
        }
        _ => cancel_refused(reply, &complaint, complaint.code.as_deref() == Some(TOO_LATE)),
    }
}

pub(super) fn balanced(reply: &Reply, replies: &Replies) -> BalanceOutcome {
    let document = document(reply);
    let complaint = ReplyError::read(reply, document.as_ref(), replies);
    match document {
        Some(found) if is_success(reply) && complaint.status.is_none() => BalanceOutcome::Valid(available(found.value)),
        _ => balance_refused(reply, &complaint),
    }
}

fn available(body: Value) -> Option<Money> {
    let balance: wire::Balance = serde_json::from_value(body).unwrap_or_default();
    dollars(&balance.total_available_usd)
}
