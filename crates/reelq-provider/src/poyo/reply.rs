//! PoYo's replies to outcomes.

use reelq_model::{SubmitOutcome, TaskId};
use serde::Deserialize;
use serde_json::Value;

use super::wire;
use crate::{
    BalanceOutcome, CancelOutcome, PollOutcome, Reply,
    catalogue::Replies,
    reading::{self, Context, ReplyError, Text, balance_refused, cancel_refused, document, outputs},
};

fn is_success(reply: &Reply) -> bool {
    (200..=299).contains(&reply.status)
}

fn read(document: &Value, _: &ReplyError) -> reading::TaskReply {
    let task = document.get("data").filter(|data| data.is_object()).unwrap_or(document);
    let body: wire::PoyoTaskBody = Deserialize::deserialize(task).unwrap_or_default();
    let text = |text: Option<Text>| text.map(|Text(text)| text);
    reading::TaskReply {
        word: text(body.status),
        progress: body.progress.map(|progress| progress.0),
        outputs: outputs(task),
        code: text(body.error_code),
        message: text(body.error_message),
        ..reading::TaskReply::default()
    }
}

/// Clients of the vendor disagree whether the body's code of a success is 0 or 200: a task id decides.
pub(super) fn submitted(submission: u32, reply: &Reply, context: Context<'_>) -> SubmitOutcome {
    reading::submitted(submission, reply, wire::TASK_ID, read, context)
}

pub(super) fn polled(task: &TaskId, reply: &Reply, context: Context<'_>) -> PollOutcome {
    reading::polled(task, reply, read, context)
}

/// The vendor documents no way to withdraw a task, so no reply confirms one.
pub(super) fn cancelled(reply: &Reply, replies: &Replies) -> CancelOutcome {
    let complaint = ReplyError::read(reply, document(reply).as_ref(), replies);
    cancel_refused(reply, &complaint, false)
}

/// The form of the balance is not documented: the reply only proves the key.
pub(super) fn balanced(reply: &Reply, replies: &Replies) -> BalanceOutcome {
    let document = document(reply);
    let complaint = ReplyError::read(reply, document.as_ref(), replies);
    let is_good = document.is_some() && is_success(reply) && complaint.status.is_none();
    if is_good { BalanceOutcome::Valid(None) } else { balance_refused(reply, &complaint) }
}
