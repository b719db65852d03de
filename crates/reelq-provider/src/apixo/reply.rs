//! APIXO's replies to outcomes.

use reelq_model::{SubmitOutcome, TaskId};
use serde::Deserialize;
use serde_json::Value;

use super::wire;
use crate::{
    BalanceOutcome, CancelOutcome, PollOutcome, Reply,
    catalogue::Replies,
    reading::{self, Context, ReplyError, Text, balance_refused, between, cancel_refused, document, outputs},
};

fn is_success(reply: &Reply) -> bool {
    (200..=299).contains(&reply.status)
}

/// A failed task comes as HTTP 200 with code 200: the task's own words count, not the envelope's.
fn read(document: &Value, _: &ReplyError) -> reading::TaskReply {
    let task = document.get("data").filter(|data| data.is_object()).unwrap_or(document);
    let body: wire::ApixoTaskBody = Deserialize::deserialize(task).unwrap_or_default();
    let code = body.fail_code.map(|Text(code)| code);
    let message = body.fail_msg.map(|Text(message)| message).or_else(|| code.clone());
    let word = body.state.map(|Text(word)| word);
    let ran = between(&body.create_time, &body.complete_time);
    reading::TaskReply { word, outputs: outputs(task), code, message, ran, ..reading::TaskReply::default() }
}

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
