//! Wave's replies, in the three generations that its flat form went through.
//!
//! Costs are told in all of them, so that accounts can be checked to the cent.

use reelq_model::{Money, Timestamp};
use serde_json::{Map, Value, json};

use super::whole_seconds;
use crate::{
    chance::Chance,
    order::{SimRefusal, Throttle, ThrottleReason, WaitForm},
    reply::SimReply,
    task::{Phase, SimTask, TaskEnd},
    task_view::TaskView,
};

const MICROS_PER_QUOTA: i64 = 2;

/// How the vendor's API looked, from old to new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Generation {
    /// Milliseconds, a number as progress, a string as url.
    First,
    /// Seconds, a number as progress, a list as url, links to status and cancellation.
    Second,
    /// As before, with text as progress, and a billing status.
    Third,
}

fn generation(task: &SimTask) -> Generation {
    task.chance.pick("generation", [Generation::First, Generation::Second, Generation::Third])
}

fn quota(amount: Money) -> i64 {
    amount.micros() / MICROS_PER_QUOTA
}

pub(super) fn accepted(task: &SimTask) -> SimReply {
    let body = json!({
        "task_id": task.id,
        "model": task.model,
        "action": task.mode,
        "status": "queued",
        "created_at": task.accepted.millis(),
        "progress": 0,
        "pre_consumed_cost": quota(task.amount),
    });
    SimReply::json(200, &body)
}

pub(super) fn status(told: &TaskView<'_>) -> SimReply {
    let (task, phase) = (told.task, told.phase);
    let generation = generation(task);
    let time = |at: Timestamp| if generation == Generation::First { at.millis() } else { at.millis() / 1000 };
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("task_id", json!(task.id));
    put("model", json!(task.model));
    put("action", json!(task.mode));
    put("status", json!(word(phase)));
    put("created_at", json!(time(task.accepted)));
    put("progress", progress(generation, phase));
    if generation == Generation::First {
        if phase != Phase::Queued {
            put("start_time", json!(time(task.started)));
        }
    } else {
        let own = format!("{}/v1/tasks/{}", told.origin, task.id);
        put("urls", json!({"get": own, "cancel": format!("{own}/cancel")}));
    }
    if !matches!(phase, Phase::Queued | Phase::Running { .. }) {
        let cost = if phase == Phase::Succeeded { quota(task.amount) } else { 0 };
        put("cost", json!(cost));
        put("completed_at", json!(time(task.cancelled.unwrap_or(task.ended))));
    }
    if generation == Generation::Third && !matches!(phase, Phase::Queued | Phase::Running { .. }) {
        put("billing_status", json!("settled"));
    }
    match phase {
        Phase::Succeeded => put("result", result(generation, told)),
        Phase::Failed(ending) => put("error", failure(ending, told.task.chance)),
        _ => None,
    };
    SimReply::json(200, &Value::Object(body))
}

const fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Queued => "queued",
        Phase::Running { .. } => "processing",
        Phase::Succeeded => "completed",
        Phase::Failed(_) => "failed",
        Phase::Cancelled => "cancelled",
    }
}

fn progress(generation: Generation, phase: Phase) -> Value {
    let percent = match phase {
        Phase::Running { percent } => percent,
        Phase::Succeeded => 100,
        _ => 0,
    };
    match (generation, phase) {
        (Generation::Third, Phase::Queued) => json!(""),
        (Generation::Third, Phase::Failed(_)) => json!("100%"),
        (Generation::Third, _) => json!(format!("{percent}%")),
        _ => json!(percent),
    }
}

fn result(generation: Generation, told: &TaskView<'_>) -> Value {
    let Some(link) = &told.link else { return json!({"videos": []}) };
    let url = if generation == Generation::First { json!(link.url) } else { json!([link.url]) };
    let expires = link.expires.millis();
    let expires = if generation == Generation::First { expires } else { expires / 1000 };
    json!({"videos": [{"url": url, "expires_at": expires}]})
}

fn failure(ending: TaskEnd, chance: Chance) -> Value {
    let (code, message) = match ending {
        TaskEnd::Transient => ("upstream_unavailable", "the upstream service is temporarily unavailable"),
        // The vendor's list of codes is open; these are in its style.
        TaskEnd::Moderation => (
            chance.pick("moderation_code", ["content_violation", "sensitive_content_detected"]),
            "the content was rejected by moderation: sensitive content",
        ),
        TaskEnd::BadImage => ("upstream_bad_request", "an image could not be read"),
        TaskEnd::Success | TaskEnd::Permanent | TaskEnd::NoCredit => ("task_failed", "the task failed"),
    };
    json!({"message": message, "code": code})
}

pub(super) fn cancelled(id: &str, amount: Money) -> SimReply {
    let body = json!({"task_id": id, "status": "cancelled", "refunded": true, "refunded_quota": quota(amount)});
    SimReply::json(200, &body)
}

pub(super) fn balance(granted: Money, spent: Money, now: Timestamp) -> SimReply {
    let body = json!({
        "object": "credit_summary",
        "currency": "USD",
        "total_granted_usd": super::usd(granted),
        "total_used_usd": super::usd(spent),
        "total_available_usd": super::usd(granted - spent),
        "as_of": now.millis() / 1000,
    });
    SimReply::json(200, &body)
}

pub(super) fn refusal(refusal: &SimRefusal, chance: Chance, now: Timestamp) -> SimReply {
    let error = |status, code: &str, message: &str| {
        SimReply::json(status, &json!({"error": {"message": message, "code": code}}))
    };
    match refusal {
        SimRefusal::Unauthorized => error(401, "invalid_api_key", "the API key is missing or wrong"),
        SimRefusal::Forbidden => error(403, "forbidden", "the API key may not do this"),
        SimRefusal::NoCredit => error(402, "insufficient_balance", "the balance does not cover this task"),
        SimRefusal::KeyConflict => {
            error(409, "idempotency_key_conflict", "the idempotency key was used with another request")
        }
        SimRefusal::NoSuchTask => error(404, "task_not_found", "there is no such task"),
        SimRefusal::NotCancellable => error(400, "task_not_cancellable", "only a queued task can be cancelled"),
        SimRefusal::ServerError(status) => error(*status, "internal_error", "internal error"),
        SimRefusal::Throttled(throttle) => throttled(throttle, chance, now),
        SimRefusal::Invalid { code, message, param } => invalid(code, message, param.as_deref(), chance),
    }
}

/// A 400; older pages name a type, newer ones the parameter.
fn invalid(code: &str, message: &str, param: Option<&str>, chance: Chance) -> SimReply {
    let mut error = json!({"message": message, "code": code});
    match (param, chance.hits("typed_error", 0.5)) {
        (Some(param), false) => error["param"] = json!(param),
        _ => error["type"] = json!("invalid_request_error"),
    }
    let status = if code == "price_not_configured" { 500 } else { 400 };
    SimReply::json(status, &json!({"error": error}))
}

/// A 429: too fast, too many, or the quota of a sliding window, whose end is told in the body.
fn throttled(throttle: &Throttle, chance: Chance, now: Timestamp) -> SimReply {
    let message = match throttle.reason {
        ThrottleReason::Whim | ThrottleReason::Rate => "too many requests",
        ThrottleReason::InFlight => "too many tasks at once",
    };
    if throttle.form != WaitForm::ResetAt {
        return SimReply::json(429, &json!({"error": {"message": message, "code": "rate_limit_exceeded"}}));
    }
    let reset_at = now.after(throttle.wait);
    let reset_at = match chance.below("reset_at_form", 3) {
        0 => json!(reset_at.millis()),
        1 => json!((reset_at.millis() + 999) / 1000),
        _ => json!(reset_at.to_string()),
    };
    let window = format!("{}s", whole_seconds(throttle).max(1));
    let mut error = json!({"message": message, "code": "quota_window_exceeded"});
    if chance.hits("numbers_in_error", 0.5) {
        error["window"] = json!(window);
        error["reset_at"] = reset_at;
        return SimReply::json(429, &json!({"error": error}));
    }
    SimReply::json(429, &json!({"error": error, "window": window, "used": 100, "cap": 100, "reset_at": reset_at}))
}
