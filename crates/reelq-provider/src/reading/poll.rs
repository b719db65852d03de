//! What a status reply means, the same for every vendor.

use reelq_model::{Setback, TaskId};
use serde_json::Value;

use super::{
    Context, ReplyError, TaskReply,
    ask::poll_refused,
    document,
    document::is_half,
    ids::{names_a_task, stranger},
};
use crate::{PollOutcome, Reply, lenient_json::Document};

/// Members whose end must be there: a list of outputs that ends early may lack one.
const LISTS: [&str; 10] = [
    "result",
    "results",
    "resultJson",
    "resultUrls",
    "result_urls",
    "videos",
    "files",
    "outputs",
    "output",
    "video_urls",
];

/// Classifies a reply to a question about `asked`; `read` is the vendor's reader of a task.
pub(crate) fn polled(
    asked: &TaskId,
    reply: &Reply,
    read: impl Fn(&Value, &ReplyError) -> TaskReply,
    context: Context<'_>,
) -> PollOutcome {
    let document = document(reply);
    let complaint = ReplyError::read(reply, document.as_ref(), context.replies);
    let other = about_another(asked, reply, document.as_ref(), &complaint);
    if let Some(setback) = other.filter(|_| complaint.status != Some(429)) {
        return PollOutcome::Unclear(setback);
    }
    let task = document.as_ref().filter(|_| is_success(reply)).map(|found| read(&found.value, &complaint));
    let outcome = task.and_then(|task| task.outcome(reply, &complaint, context));
    let outcome = outcome.unwrap_or_else(|| poll_refused(asked, reply, &complaint));
    let is_broken = document.as_ref().is_some_and(|found| found.torn.is_some());
    let outcome = match outcome {
        // Of an end in a broken reply, as of one in an envelope's word, a second reply has to tell.
        PollOutcome::Failed { failure, settlement, cost, .. } if is_broken || is_envelopes_word(document.as_ref()) => {
            PollOutcome::SaysFailed { failure, settlement, cost }
        }
        other => other,
    };
    if !is_half(reply, document.as_ref()) || is_believed(&outcome, document.as_ref()) {
        outcome
    } else {
        half(reply, &complaint)
    }
}

/// What to say of a reply that is no answer, because it names another task than `asked`.
pub(crate) fn about_another(
    asked: &TaskId,
    reply: &Reply,
    document: Option<&Document>,
    complaint: &ReplyError,
) -> Option<Setback> {
    let other = stranger(&document?.value, asked)?;
    let what = format!("HTTP {} that is about the task {other} and not about {asked}", reply.status);
    Some(complaint.setback(what))
}

const fn is_success(reply: &Reply) -> bool {
    matches!(reply.status, 200..=299)
}

/// Whether the reply says `error` and names no task: that may be the envelope's word on the request.
fn is_envelopes_word(document: Option<&Document>) -> bool {
    document.is_some_and(|found| {
        let word = found.value.get("status").and_then(Value::as_str).unwrap_or_default();
        let is_joint = ["error", "fail"].iter().any(|joint| joint.eq_ignore_ascii_case(word));
        is_joint && !names_a_task(&found.value)
    })
}

/// Whether what was read of half a reply stands for the whole: asking again is free, so that no end is taken from half a reply, except one
/// whose outputs are all there.
fn is_believed(outcome: &PollOutcome, document: Option<&Document>) -> bool {
    let open = document.and_then(|found| found.torn.as_ref()).map(|torn| torn.open.as_slice()).unwrap_or_default();
    match outcome {
        PollOutcome::Running { .. } | PollOutcome::Throttled(_) | PollOutcome::Unclear(_) => true,
        PollOutcome::Finished { .. } => !open.iter().any(|name| LISTS.contains(&name.as_str())),
        _ => false,
    }
}

fn half(reply: &Reply, complaint: &ReplyError) -> PollOutcome {
    PollOutcome::Unclear(complaint.setback(format_args!("HTTP {} that ends early", reply.status)))
}
