//! What a submit reply means, the same for every vendor.

use reelq_model::{Acceptance, Digest, FailureKind, OutputLink, Setback, SubmitOutcome, TaskId};
use serde_json::Value;

use super::{
    Context, ReplyError, TaskReply,
    ask::block_reason,
    before, candidate, document,
    document::is_half,
    ids::{Surroundings, TaskNaming, named, unusable},
    spoken::spoken,
    upstream,
    words::StatusMeaning,
};
use crate::{Reply, catalogue::Replies, lenient_json::Document};

/// Classifies a reply; `own` are the places where the vendor documents the task's id, `read` is its reader of a task.
pub(crate) fn submitted(
    submission: u32,
    reply: &Reply,
    own: &[&str],
    read: impl Fn(&Value, &ReplyError) -> TaskReply,
    context: Context<'_>,
) -> SubmitOutcome {
    let document = document(reply);
    let complaint = ReplyError::read(reply, document.as_ref(), context.replies);
    let complaint = complaint.of_account(document.as_ref(), context.replies);
    let surroundings = surroundings(reply, document.as_ref(), &complaint);
    let task = document.as_ref().filter(|_| is_success(reply)).map(|found| read(&found.value, &complaint));
    match document.as_ref().and_then(|found| named(&found.value, own, surroundings)) {
        Some((id, TaskNaming::Accepted)) => {
            // A list of outputs that ends early may lack one, and the task can be asked about.
            let task = task.unwrap_or_default().with_outputs_if(!is_half(reply, document.as_ref()));
            accepted(id, submission, reply, &task, context)
        }
        // A refusal beside a task proves nothing: the vendor may mean one that an earlier request bought.
        Some((id, _)) => doubtful(reply, &complaint, id),
        None => {
            let said = document.as_ref().filter(|_| is_success(reply)).and_then(|found| unusable(&found.value));
            if let Some(said) = said {
                return unnameable(reply, &complaint, &said);
            }
            match task.filter(|_| surroundings == Surroundings::Taken).and_then(|task| unnamed(reply, task, context)) {
                Some((id, task)) => accepted(id, submission, reply, &task, context),
                None => without_task(reply, document.as_ref(), &complaint, context.replies),
            }
        }
    }
}

const fn is_success(reply: &Reply) -> bool {
    matches!(reply.status, 200..=299)
}

fn surroundings(reply: &Reply, document: Option<&Document>, complaint: &ReplyError) -> Surroundings {
    let is_plain = document.is_some_and(|found| found.is_alone) && !complaint.complains();
    match reply.status {
        200..=299 if is_plain => Surroundings::Taken,
        200..=299 => Surroundings::Doubted,
        300..=499 => Surroundings::Refused,
        _ => Surroundings::Open,
    }
}

fn accepted(task: TaskId, submission: u32, reply: &Reply, read: &TaskReply, context: Context<'_>) -> SubmitOutcome {
    let has_ended = read.meaning() == Some(StatusMeaning::Succeeded);
    let outputs = if has_ended { read.links(reply, context) } else { Vec::new() };
    SubmitOutcome::Accepted(Acceptance { task, submission, cost: read.price(), at: reply.at, outputs })
}

/// A success that names outputs and no task: it is accepted under an id of our own, a pure function of the addresses, so
/// that what was paid for is fetched. The task cannot be asked about.
fn unnamed(reply: &Reply, task: TaskReply, context: Context<'_>) -> Option<(TaskId, TaskReply)> {
    // Without a word, an address may be that of the task itself: it must be called an output's.
    let is_over = match task.meaning() {
        Some(StatusMeaning::Succeeded) => true,
        None => task.outputs.iter().any(|output| output.is_sure),
        Some(_) => false,
    };
    let links = if is_over { task.links(reply, context) } else { Vec::new() };
    let id = unnamed_id(&links)?;
    Some((id, TaskReply { word: Some("succeeded".to_owned()), ..task }))
}

fn unnamed_id(links: &[OutputLink]) -> Option<TaskId> {
    let addresses: Vec<&str> = links.iter().map(|link| link.url.as_str()).collect();
    let digest = Digest::of(addresses.join("\n").as_bytes()).to_string();
    TaskId::new(format!("unnamed-{}", digest.get(..32)?)).ok().filter(|_| !links.is_empty())
}

/// A success that names its task as no request could: it was most likely bought, and cannot be followed.
fn unnameable(reply: &Reply, complaint: &ReplyError, said: &str) -> SubmitOutcome {
    let what = format_args!("HTTP {} that names its task as `{said}`, which no request can ask for", reply.status);
    SubmitOutcome::Ambiguous(Setback { in_vain: true, ..complaint.setback(what) })
}

fn doubtful(reply: &Reply, complaint: &ReplyError, task: TaskId) -> SubmitOutcome {
    let setback = complaint.setback(format_args!("HTTP {} that names the task {task}", reply.status));
    SubmitOutcome::Ambiguous(Setback { candidate: Some(task), ..setback })
}

fn without_task(
    reply: &Reply,
    document: Option<&Document>,
    complaint: &ReplyError,
    replies: &Replies,
) -> SubmitOutcome {
    let spoken = spoken(reply, document);
    let open = |what: &str| open(reply, document, complaint, &spoken, what);
    match complaint.status {
        Some(429) if !upstream::surely_timed_out(&spoken) => SubmitOutcome::Throttled(complaint.setback("HTTP 429")),
        Some(_) if may_be_taken(reply, complaint, &spoken) => open(""),
        Some(status) if is_turned_away(reply, document, complaint) => {
            SubmitOutcome::TurnedAway(complaint.setback(format_args!("HTTP {status} not in the vendor's own form")))
        }
        Some(status) if is_certain(status, reply, document, complaint) => verdict(status, complaint, replies),
        Some(_) => open(""),
        None if document.is_none() => open(" whose body is not JSON"),
        None => open(" without a task id"),
    }
}

/// A reply that proves nothing. Its bytes may still seem to name a task: somewhere deep, or where they cannot be read in
/// order.
fn open(
    reply: &Reply,
    document: Option<&Document>,
    complaint: &ReplyError,
    spoken: &[String],
    what: &str,
) -> SubmitOutcome {
    let is_plain = document.is_some_and(|found| found.is_alone && found.torn.is_none());
    let scan = || candidate::scan(&reply.body, !is_plain || before::is_meant(spoken));
    let candidate = candidate::in_refusal(&reply.body, spoken).or_else(scan);
    let setback = complaint.setback(format_args!("HTTP {}{what}", complaint.status.unwrap_or(reply.status)));
    let named = candidate.as_ref().map(|task| format!("; it seems to name the task {task}")).unwrap_or_default();
    SubmitOutcome::Ambiguous(Setback { reason: format!("{}{named}", setback.reason), candidate, ..setback })
}

/// Whether the words of a refusal leave it open that this or an equal request was taken: something behind the server that
/// answered has it, it was made before, or there is a task.
fn may_be_taken(reply: &Reply, complaint: &ReplyError, spoken: &[String]) -> bool {
    let says_so = || {
        upstream::timed_out(spoken) || before::is_meant(spoken) || candidate::in_refusal(&reply.body, spoken).is_some()
    };
    !complaint.proves_nothing_taken() && says_so()
}

/// Whether something in front of the vendor refused: then nothing was taken, and the vendor has said nothing.
fn is_turned_away(reply: &Reply, document: Option<&Document>, complaint: &ReplyError) -> bool {
    let is_refusal = matches!(reply.status, 400..=499) && refuses(reply.status);
    is_refusal && (!complaint.is_vendors || complaint.is_of_address) && !is_half(reply, document)
}

/// Whether a refusal is certain: the vendor's own, and whole.
fn is_certain(status: u16, reply: &Reply, document: Option<&Document>, complaint: &ReplyError) -> bool {
    if complaint.proves_nothing_taken() {
        return true;
    }
    // A success that refuses may name its task behind the place where it cannot be read on.
    let is_broken = matches!(reply.status, 200..=299) && document.is_some_and(|found| found.torn.is_some());
    let is_redirect = matches!(reply.status, 300..=399);
    refuses(status) && !is_broken && !is_half(reply, document) && (complaint.is_vendors || is_redirect)
}

/// A refusal that is certain: of the account, or of the row.
fn verdict(status: u16, complaint: &ReplyError, replies: &Replies) -> SubmitOutcome {
    // What was judged is the request, whatever the status.
    let is_of_row = status == 403 && complaint.code.as_deref().is_some_and(|code| replies.ends_row(code));
    match block_reason(status).filter(|_| !is_of_row) {
        Some(reason) => SubmitOutcome::Blocked { reason, message: complaint.message.clone() },
        None => SubmitOutcome::Rejected(complaint.failure(replies, FailureKind::Invalid)),
    }
}

/// Whether a status says that the request was not carried out. What is not listed may follow a request that was taken: it
/// took too long, its key bought already, a proxy passed it on.
const fn refuses(status: u16) -> bool {
    takes_nothing(status) || block_reason(status).is_some()
}

/// Statuses of a request that was not carried out, whoever made it. Of the redirects, only those that demand the same request
/// elsewhere.
const fn takes_nothing(status: u16) -> bool {
    matches!(status, 301 | 307 | 308 | 400 | 404 | 405 | 406 | 410 | 411 | 413 | 414 | 415 | 417 | 422 | 431 | 451)
}
