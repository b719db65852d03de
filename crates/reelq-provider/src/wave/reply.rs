//! Wave's replies to outcomes.

use reelq_model::{Money, OutputKind, Settlement, SubmitOutcome, Timestamp};
use serde_json::Value;

use super::wire;
use crate::{
    BalanceOutcome, CancelOutcome, PollOutcome, Reply,
    catalogue::Replies,
    reading::{
        self, Complaint, Context, Output, Text, Urls, balance_refused, cancel_refused, document, dollars, poll_refused,
        quota, settlement,
    },
};

const TOO_LATE: &str = "task_not_cancellable";

fn is_success(reply: &Reply) -> bool {
    (200..=299).contains(&reply.status)
}

/// The task of a reply, taken out of the envelope that older generations have.
fn task(document: &Value) -> wire::TaskBody {
    let read = |value: &Value| serde_json::from_value::<wire::TaskBody>(value.clone()).unwrap_or_default();
    let outer = read(document);
    match &outer.data {
        Value::Object(_) if outer.task_id.is_none() && outer.status.is_none() => read(&outer.data),
        _ => outer,
    }
}

fn task_id(task: &wire::TaskBody) -> Option<String> {
    let named = task.task_id.as_ref().or(task.id.as_ref()).map(|Text(id)| id.clone());
    named.or_else(|| task.data.as_str().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned))
}

pub(super) fn submitted(submission: u32, reply: &Reply, replies: &Replies) -> SubmitOutcome {
    let document = document(&reply.body);
    let found = document.as_ref().map(task).and_then(|task| {
        let cost = quota(&task.pre_consumed_cost).or_else(|| quota(&task.cost));
        task_id(&task).map(|id| (id, cost))
    });
    reading::submitted(submission, reply, document.as_ref(), found, replies)
}

pub(super) fn polled(reply: &Reply, context: Context<'_>) -> PollOutcome {
    let document = document(&reply.body);
    let complaint = Complaint::read(reply, document.as_ref(), context.replies);
    let task = document.as_ref().filter(|_| is_success(reply)).map(task);
    match task.and_then(|mut task| task.status.take().map(|word| (word, task))) {
        Some((Text(word), task)) => read_task(word, task, &complaint).outcome(reply, &complaint, context),
        None => poll_refused(reply, &complaint),
    }
}

fn read_task(word: String, task: wire::TaskBody, complaint: &Complaint) -> reading::Task {
    let progress = task.progress.as_ref().map(|progress| progress.0);
    let (cost, code) = (quota(&task.cost), complaint.code.clone());
    reading::Task { word, progress, cost, code, message: complaint.said(), outputs: outputs(task) }
}

fn outputs(task: wire::TaskBody) -> Vec<Output> {
    let fallback = task.expires_at.map(|moment| moment.0);
    let mut outputs = Vec::new();
    if let Some(result) = task.result {
        let dies = result.expires_at.map(|moment| moment.0).or(fallback);
        outputs.extend(videos(&result.videos, dies));
        outputs.extend(addresses([result.video_url, result.url], dies));
    }
    outputs.extend(addresses([task.video_url, task.url], fallback));
    outputs
}

fn videos(value: &Value, dies: Option<Timestamp>) -> Vec<Output> {
    match value {
        Value::Array(items) => items.iter().flat_map(|item| videos(item, dies)).collect(),
        Value::String(url) => vec![Output { url: url.clone(), kind: OutputKind::Video, expires_at: dies }],
        Value::Object(_) => {
            let video: wire::VideoLink = serde_json::from_value(value.clone()).unwrap_or_default();
            let dies = video.expires_at.map(|moment| moment.0).or(dies);
            addresses([video.url, video.video_url], dies)
        }
        _ => Vec::new(),
    }
}

fn addresses(urls: [Option<Urls>; 2], dies: Option<Timestamp>) -> Vec<Output> {
    let urls = urls.into_iter().flatten().flat_map(|Urls(urls)| urls);
    urls.map(|url| Output::video(url, dies)).collect()
}

pub(super) fn cancelled(reply: &Reply, context: Context<'_>) -> CancelOutcome {
    let document = document(&reply.body);
    let complaint = Complaint::read(reply, document.as_ref(), context.replies);
    let task = document.as_ref().filter(|_| is_success(reply)).map(task).unwrap_or_default();
    let word = task.status.as_ref().map(|Text(word)| word.to_lowercase());
    match word.as_deref() {
        Some("cancelled" | "canceled") => {
            let kept = task.refunded == Some(false);
            let settlement = if kept { Settlement::Charged } else { settlement(quota(&task.cost), None, context) };
            CancelOutcome::Cancelled { settlement }
        }
        Some("processing" | "running" | "completed" | "succeeded" | "failed") => CancelOutcome::TooLate,
        _ => cancel_refused(reply, &complaint, complaint.code.as_deref() == Some(TOO_LATE)),
    }
}

pub(super) fn balanced(reply: &Reply, replies: &Replies) -> BalanceOutcome {
    let document = document(&reply.body);
    let complaint = Complaint::read(reply, document.as_ref(), replies);
    match document {
        Some(body) if is_success(reply) && complaint.status.is_none() => BalanceOutcome::Valid(available(body)),
        _ => balance_refused(reply, &complaint),
    }
}

fn available(body: Value) -> Option<Money> {
    let balance: wire::Balance = serde_json::from_value(body).unwrap_or_default();
    dollars(&balance.total_available_usd)
}
