//! PoYo's replies to outcomes.

use reelq_model::{OutputKind, SubmitOutcome};
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

/// Clients of the vendor disagree whether the body's code of a success is 0 or 200: a task id decides.
pub(super) fn submitted(submission: u32, reply: &Reply, replies: &Replies) -> SubmitOutcome {
    let document = document(&reply.body);
    let id = document.as_ref().and_then(task).and_then(|task| task.task_id);
    reading::submitted(submission, reply, document.as_ref(), id.map(|Text(id)| (id, None)), replies)
}

pub(super) fn polled(reply: &Reply, context: Context<'_>) -> PollOutcome {
    let document = document(&reply.body);
    let complaint = Complaint::read(reply, document.as_ref(), context.replies);
    let task = document.as_ref().filter(|_| is_success(reply)).and_then(task);
    match task.and_then(|mut task| task.status.take().map(|word| (word, task))) {
        Some((Text(word), task)) => read_task(word, task).outcome(reply, &complaint, context),
        None => poll_refused(reply, &complaint),
    }
}

fn read_task(word: String, task: wire::TaskBody) -> reading::Task {
    let outputs = task.files.into_iter().flatten().flat_map(outputs).collect();
    let text = |text: Option<Text>| text.map(|Text(text)| text);
    let (progress, code) = (task.progress.map(|progress| progress.0), text(task.error_code));
    reading::Task { word, progress, outputs, code, message: text(task.error_message), ..reading::Task::default() }
}

fn outputs(file: wire::File) -> Vec<Output> {
    let is_video = file.file_type.is_none_or(|Text(kind)| kind.to_lowercase().contains("video"));
    let kind = if is_video { OutputKind::Video } else { OutputKind::Other };
    let urls = file.file_url.map(|Urls(urls)| urls).unwrap_or_default();
    urls.into_iter().map(|url| Output { url, kind, expires_at: None }).collect()
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
