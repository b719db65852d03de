//! PoYo: an envelope of code and data, where code is 200 or 0; errors have an object of their own.

use reelq_model::Timestamp;
use serde_json::{Value, json};

use super::fields::{RequestFields, readable_image};
use crate::{
    Vendor,
    chance::Chance,
    order::{SimOrder, SimRefusal},
    price::price,
    reply::SimReply,
    task::{Phase, SimTask, TaskEnd},
    task_view::TaskView,
};

const MODEL: &str = "hailuo-2.3";

pub(super) fn order(fields: &RequestFields<'_>) -> Result<SimOrder, SimRefusal> {
    let model = fields.required("model")?;
    if model != MODEL {
        return fields.refuse("model", "is not supported");
    }
    fields.only(&["model", "callback_url", "input"])?;
    let Some(input) = fields.object("input")? else { return fields.refuse("input", "is required") };
    input.only(&["prompt", "duration", "resolution", "start_image_url", "prompt_optimizer"])?;
    input.flags(&["prompt_optimizer"])?;
    let prompt = input.required("prompt")?;
    input.within("prompt", 5000)?;
    let seconds = input.integer_of("duration", &[6, 10], 6)?;
    let resolution = input.word_of("resolution", &["768p", "1080p"], "768p")?;
    let duration = if seconds == 6 { "6" } else { "10" };
    let Some(amount) = price(Vendor::Poyo, MODEL, &[("resolution", resolution), ("duration", duration)], seconds)
    else {
        return input.refuse("resolution", "1080p only supports duration 6");
    };
    Ok(SimOrder {
        model: model.to_owned(),
        mode: if input.has("start_image_url") { "image-to-video" } else { "text-to-video" }.to_owned(),
        prompt: prompt.to_owned(),
        amount,
        callback: fields.text("callback_url")?.map(str::to_owned),
        bad_image: input.text("start_image_url")?.is_some_and(|image| !readable_image(image)),
    })
}

fn enveloped(chance: Chance, data: &Value) -> SimReply {
    SimReply::json(200, &json!({"code": chance.pick("code", [200, 0]), "data": data}))
}

/// A time without a zone.
fn zoneless(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis())
        .map(|instant| instant.strftime("%Y-%m-%dT%H:%M:%S").to_string())
        .unwrap_or_default()
}

pub(super) fn accepted(task: &SimTask, chance: Chance) -> SimReply {
    let data = json!({"task_id": task.id, "status": "not_started", "created_time": zoneless(task.accepted)});
    enveloped(chance, &data)
}

pub(super) fn status(told: &TaskView<'_>) -> SimReply {
    let task = told.task;
    let (word, progress) = match told.phase {
        Phase::Queued => ("not_started", 0),
        Phase::Running { percent } => ("running", percent),
        Phase::Succeeded => ("finished", 100),
        Phase::Failed(_) | Phase::Cancelled => ("failed", 0),
    };
    let files: Vec<Value> = told.link.iter().map(|link| json!({"file_url": link.url, "file_type": "video"})).collect();
    let message = match told.phase {
        Phase::Failed(ending) => json!(failure(ending)),
        _ => Value::Null,
    };
    let data = json!({
        "task_id": task.id,
        "status": word,
        "progress": progress,
        "files": files,
        "created_time": zoneless(task.accepted),
        "error_message": message,
    });
    enveloped(task.chance.again(task.visits.polls), &data)
}

const fn failure(ending: TaskEnd) -> &'static str {
    match ending {
        TaskEnd::Transient => "Service temporarily unavailable, please try again later",
        TaskEnd::Moderation => "Content policy violation: the prompt was flagged by moderation",
        TaskEnd::BadImage => "Invalid image: start_image_url could not be read",
        TaskEnd::NoCredit => "Insufficient credits",
        TaskEnd::Success | TaskEnd::Permanent => "Generation failed",
    }
}

pub(super) fn refusal(refusal: &SimRefusal, chance: Chance) -> SimReply {
    let (code, kind, message) = match refusal {
        SimRefusal::Unauthorized => (401, "authentication_error", "Invalid API key"),
        SimRefusal::Forbidden => (403, "permission_error", "Forbidden"),
        SimRefusal::NoCredit => (402, "insufficient_credits", "Insufficient credits"),
        SimRefusal::Throttled(_) => (429, "rate_limit_error", "Rate limit exceeded"),
        SimRefusal::NoSuchTask => (404, "not_found_error", "Task not found"),
        SimRefusal::KeyConflict => (409, "idempotency_error", "Idempotency-Key was used with another request"),
        SimRefusal::NotCancellable => (400, "invalid_request_error", "Invalid request"),
        SimRefusal::Invalid { message, .. } => (400, "invalid_request_error", message.as_str()),
        SimRefusal::ServerError(status) => (*status, "server_error", "Internal error"),
    };
    let inside_200 =
        matches!(refusal, SimRefusal::NoCredit | SimRefusal::Invalid { .. }) && chance.hits("inside_200", 0.5);
    let status = if inside_200 { 200 } else { code };
    SimReply::json(status, &json!({"code": code, "error": {"message": message, "type": kind}}))
}
