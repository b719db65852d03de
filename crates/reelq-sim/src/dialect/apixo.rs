//! APIXO: an envelope of code, message and data; results as JSON inside a string; failures inside a 200.

use reelq_model::Timestamp;
use serde_json::{Map, Value, json};

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

const MODEL: &str = "hailuo-2-3-fast";
const STANDARD: &str = "standard-image-to-video";
const PRO: &str = "pro-image-to-video";

pub(super) fn order(model: &str, fields: &RequestFields<'_>) -> Result<SimOrder, SimRefusal> {
    if model != MODEL {
        return Err(SimRefusal::invalid("model", format!("Model not found: {model}")));
    }
    fields.only(&["request_type", "callback_url", "provider", "source", "input"])?;
    fields.word_of("provider", &["auto", "value", "official"], "auto")?;
    let callback = callback(fields)?;
    let Some(input) = fields.object("input")? else { return fields.refuse("input", "is required") };
    input.only(&["mode", "prompt", "image_urls", "duration"])?;
    let mode = input.required("mode")?;
    let amount = match mode {
        STANDARD if !input.has("duration") => return input.refuse("duration", "is required"),
        STANDARD if input.integer_of("duration", &[6, 10], 6)? == 6 => amount(mode, "6"),
        STANDARD => amount(mode, "10"),
        PRO => amount(mode, "6"),
        _ => return Err(SimRefusal::invalid("input.mode", "Invalid mode type")),
    };
    let images = input.texts("image_urls")?;
    let [image] = images.as_slice() else { return input.refuse("image_urls", "must hold exactly one image") };
    Ok(SimOrder {
        model: model.to_owned(),
        mode: mode.to_owned(),
        prompt: input.text("prompt")?.unwrap_or_default().to_owned(),
        amount,
        callback,
        bad_image: !readable_image(image),
    })
}

fn amount(mode: &str, duration: &str) -> reelq_model::Money {
    price(Vendor::Apixo, MODEL, &[("mode", mode), ("duration", duration)], 0).unwrap_or_default()
}

fn callback(fields: &RequestFields<'_>) -> Result<Option<String>, SimRefusal> {
    let asked = fields.word_of("request_type", &["async", "callback"], "async")? == "callback";
    match fields.text("callback_url")? {
        None if asked => fields.refuse("callback_url", "is required with request_type callback"),
        url => Ok(url.filter(|_| asked).map(str::to_owned)),
    }
}

fn enveloped(data: &Value) -> SimReply {
    SimReply::json(200, &json!({"code": 200, "message": "success", "data": data}))
}

pub(super) fn accepted(task: &SimTask) -> SimReply {
    enveloped(&json!({"taskId": task.id}))
}

pub(super) fn status(told: &TaskView<'_>) -> SimReply {
    let task = told.task;
    let mut data = Map::new();
    let mut put = |name: &str, value: Value| data.insert(name.to_owned(), value);
    put("taskId", json!(task.id));
    put("state", json!(word(told.phase)));
    match told.phase {
        Phase::Succeeded => {
            let urls: Vec<&str> = told.link.iter().map(|link| link.url.as_str()).collect();
            put("resultJson", json!(json!({"resultUrls": urls}).to_string()));
            put("costTime", json!(elapsed(task.ended, task.started)));
        }
        Phase::Failed(ending) => {
            let (code, message) = failure(ending, task.chance);
            put("failCode", json!(code));
            put("failMsg", json!(message));
        }
        _ => {}
    }
    put("createTime", json!(task.accepted.millis()));
    if matches!(told.phase, Phase::Succeeded | Phase::Failed(_)) {
        put("completeTime", json!(task.ended.millis()));
    }
    enveloped(&Value::Object(data))
}

fn elapsed(later: Timestamp, earlier: Timestamp) -> i64 {
    later.millis() - earlier.millis()
}

const fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Queued => "pending",
        Phase::Running { .. } => "processing",
        Phase::Succeeded => "success",
        Phase::Failed(_) | Phase::Cancelled => "failed",
    }
}

fn failure(ending: TaskEnd, chance: Chance) -> (&'static str, &'static str) {
    match ending {
        TaskEnd::Transient => chance.pick(
            "fail_code",
            [
                ("PROCESSING_TIMEOUT", "Processing took too long, please retry"),
                ("MODEL_UNAVAILABLE", "The model is temporarily unavailable"),
            ],
        ),
        TaskEnd::Moderation => chance.pick(
            "fail_code",
            [
                ("CONTENT_VIOLATION", "Content violates safety guidelines"),
                ("NSFW_DETECTED", "The result was withheld"),
                ("SensitiveContentDetected", "Sensitive content was detected"),
            ],
        ),
        TaskEnd::BadImage => ("INVALID_IMAGE_URL", "Cannot access the provided image URL"),
        TaskEnd::NoCredit => ("INSUFFICIENT_CREDITS", "Insufficient credits"),
        TaskEnd::Success | TaskEnd::Permanent => ("GENERATION_FAILED", "Generation failed"),
    }
}

pub(super) fn refusal(refusal: &SimRefusal, chance: Chance) -> SimReply {
    let (code, message, data) = match refusal {
        SimRefusal::Unauthorized => (401, "Invalid or missing API Key", Value::Null),
        SimRefusal::Forbidden => (403, "Forbidden", Value::Null),
        SimRefusal::NoCredit => (chance.pick("no_credit_code", [402, 400]), "Insufficient credits", Value::Null),
        SimRefusal::Throttled(_) => (429, "Rate limit exceeded", Value::Null),
        SimRefusal::NoSuchTask => (404, "Task not found", Value::Null),
        SimRefusal::NotCancellable | SimRefusal::KeyConflict => (400, "Invalid request", Value::Null),
        SimRefusal::Invalid { message, .. } if message == "Invalid mode type" => {
            (400, "Invalid mode type", Value::Null)
        }
        SimRefusal::Invalid { message, .. } => (400, "Invalid request", json!({"error": message})),
        SimRefusal::ServerError(status) => (*status, "Internal error", Value::Null),
    };
    // The code in the body is what counts; some refusals come as HTTP 200.
    let inside_200 =
        matches!(refusal, SimRefusal::NoCredit | SimRefusal::Invalid { .. }) && chance.hits("inside_200", 0.5);
    let status = if inside_200 { 200 } else { code };
    SimReply::json(status, &json!({"code": code, "message": message, "data": data}))
}
