//! APIXO's replies to outcomes.

use reelq_model::SubmitOutcome;
use serde_json::Value;

use super::wire;
use crate::{
    BalanceOutcome, CancelOutcome, PollOutcome, Reply,
    catalogue::Replies,
    reading::{self, Complaint, Context, Output, Text, Urls, balance_refused, cancel_refused, document, poll_refused},
};

fn is_success(reply: &Reply) -> bool {
    (200..=299).contains(&reply.status)
}

fn task(document: &Value) -> Option<wire::TaskBody> {
    serde_json::from_value::<wire::Envelope>(document.clone()).ok()?.data
}

pub(super) fn submitted(submission: u32, reply: &Reply, replies: &Replies) -> SubmitOutcome {
    let document = document(&reply.body);
    let id = document.as_ref().and_then(task).and_then(|task| task.task_id);
    reading::submitted(submission, reply, document.as_ref(), id.map(|Text(id)| (id, None)), replies)
}

/// A failed task comes as HTTP 200 with code 200: the task's own words count, not the envelope's.
pub(super) fn polled(reply: &Reply, context: Context<'_>) -> PollOutcome {
    let document = document(&reply.body);
    let complaint = Complaint::read(reply, document.as_ref(), context.replies);
    let task = document.as_ref().filter(|_| is_success(reply)).and_then(task);
    match task.and_then(|mut task| task.state.take().map(|word| (word, task))) {
        Some((Text(word), task)) => read_task(word, task).outcome(reply, &complaint, context),
        None => poll_refused(reply, &complaint),
    }
}

fn read_task(word: String, task: wire::TaskBody) -> reading::Task {
    let outputs = task.result_json.and_then(result).and_then(|result| result.result_urls);
    let outputs = outputs.into_iter().flat_map(|Urls(urls)| urls).map(|url| Output::video(url, None)).collect();
    let code = task.fail_code.map(|Text(code)| code);
    let message = task.fail_msg.map(|Text(message)| message).or_else(|| code.clone());
    reading::Task { word, outputs, code, message, ..reading::Task::default() }
}

fn result(value: Value) -> Option<wire::TaskResult> {
    match value {
        Value::String(text) => serde_json::from_str(&text).ok(),
        other => serde_json::from_value(other).ok(),
    }
}

/// The vendor documents no way to withdraw a task, so no reply confirms one.
pub(super) fn cancelled(reply: &Reply, replies: &Replies) -> CancelOutcome {
    let complaint = Complaint::read(reply, document(&reply.body).as_ref(), replies);
    cancel_refused(reply, &complaint, false)
}

/// The form of the balance is not documented: the reply only proves the key.
pub(super) fn balanced(reply: &Reply, replies: &Replies) -> BalanceOutcome {
    let document = document(&reply.body);
    let complaint = Complaint::read(reply, document.as_ref(), replies);
    let is_good = document.is_some() && is_success(reply) && complaint.status.is_none();
    if is_good { BalanceOutcome::Valid(None) } else { balance_refused(reply, &complaint) }
}
