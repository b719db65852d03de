//! The three HTTP dialects: how each vendor reads a submission and how it puts its answers.
//!
//! Nothing here remembers or decides anything about money.

mod apixo;
mod fields;
mod poyo;
mod wave;
mod wave_reply;

use std::time::Duration;

use bytes::Bytes;
use hyper::header::RETRY_AFTER;
use reelq_model::{Money, Timestamp};
use serde_json::{Value, json};

use crate::{
    Vendor,
    chance::Chance,
    order::{SimOrder, SimRefusal, Throttle, WaitForm},
    reply::SimReply,
    task::SimTask,
    task_view::TaskView,
};

/// Reads and checks a submission.
pub(crate) fn order(vendor: Vendor, model: Option<&str>, body: &Bytes) -> Result<SimOrder, SimRefusal> {
    let value: Value =
        serde_json::from_slice(body).map_err(|error| SimRefusal::invalid("body", format!("invalid JSON: {error}")))?;
    let fields = fields::RequestFields::of(&value, "body")?;
    match vendor {
        Vendor::Wave => wave::order(&fields),
        Vendor::Apixo => apixo::order(model.unwrap_or_default(), &fields),
        Vendor::Poyo => poyo::order(&fields),
    }
}

/// The yes to a submission.
pub(crate) fn accepted(task: &SimTask, chance: Chance) -> SimReply {
    match task.vendor {
        Vendor::Wave => wave_reply::accepted(task),
        Vendor::Apixo => apixo::accepted(task),
        Vendor::Poyo => poyo::accepted(task, chance),
    }
}

/// The reply to a status request; callbacks carry the same.
pub(crate) fn status(told: &TaskView<'_>) -> SimReply {
    match told.task.vendor {
        Vendor::Wave => wave_reply::status(told),
        Vendor::Apixo => apixo::status(told),
        Vendor::Poyo => poyo::status(told),
    }
}

/// The no to any request.
pub(crate) fn refusal(vendor: Vendor, refusal: &SimRefusal, chance: Chance, now: Timestamp) -> SimReply {
    if let SimRefusal::ServerError(status) = refusal {
        return server_error(*status, chance);
    }
    let reply = match vendor {
        Vendor::Wave => wave_reply::refusal(refusal, chance, now),
        Vendor::Apixo => apixo::refusal(refusal, chance),
        Vendor::Poyo => poyo::refusal(refusal, chance),
    };
    match refusal {
        SimRefusal::Throttled(throttle) => retry_after(reply, throttle, now),
        _ => reply,
    }
}

/// The reply to a cancel request that came in time.
pub(crate) fn cancelled(id: &str, amount: Money) -> SimReply {
    wave_reply::cancelled(id, amount)
}

/// What an account has left.
pub(crate) fn balance(vendor: Vendor, granted: Money, spent: Money, now: Timestamp) -> SimReply {
    let left = granted - spent;
    match vendor {
        Vendor::Wave => wave_reply::balance(granted, spent, now),
        Vendor::Apixo => {
            SimReply::json(200, &json!({"code": 200, "message": "success", "data": {"balance": usd(left)}}))
        }
        Vendor::Poyo => SimReply::json(200, &json!({"code": 200, "data": {"balance": usd(left)}})),
    }
}

/// A 200 that says nothing.
pub(crate) fn garbage(chance: Chance) -> SimReply {
    let bodies = [
        "",
        "{}",
        "[]",
        "null",
        "ok",
        "{\"code\":200,\"data\":",
        "<!doctype html><title>Just a moment...</title>",
        "\u{feff}\u{0}\u{1}",
    ];
    SimReply::new(200, "application/json", chance.pick("garbage_body", bodies))
}

/// A vendor that is out of order.
pub(crate) fn out_of_order(wait: Duration) -> SimReply {
    let page = "<html><head><title>503 Service Temporarily Unavailable</title></head></html>";
    SimReply::new(503, "text/html", page).with(RETRY_AFTER, wait.as_secs().to_string())
}

/// An amount as the vendors write it: a JSON number of dollars.
fn usd(amount: Money) -> Value {
    amount.to_string().parse().unwrap_or(Value::Null)
}

fn retry_after(reply: SimReply, throttle: &Throttle, now: Timestamp) -> SimReply {
    match throttle.form {
        WaitForm::Seconds => reply.with(RETRY_AFTER, whole_seconds(throttle).to_string()),
        WaitForm::Date => {
            let seconds = now.after(throttle.wait).millis().saturating_add(999) / 1000;
            reply.with(RETRY_AFTER, http_date(seconds))
        }
        WaitForm::Nothing | WaitForm::ResetAt => reply,
    }
}

fn whole_seconds(throttle: &Throttle) -> u64 {
    u64::try_from(throttle.wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX)
}

fn http_date(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map(|instant| instant.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
        .unwrap_or_default()
}

/// A 5xx, as often as not from a gateway that speaks HTML.
fn server_error(status: u16, chance: Chance) -> SimReply {
    if chance.hits("html", 0.5) {
        let page = format!("<html><head><title>{status}</title></head><body><center>nginx</center></body></html>");
        return SimReply::new(status, "text/html", page);
    }
    SimReply::json(status, &json!({"error": {"message": "internal error", "code": "internal_error"}}))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bodies that are nearly submissions: known names, values of any kind.
    fn nearly() -> impl Strategy<Value = String> {
        let name =
            proptest::sample::select(vec!["model", "prompt", "duration", "resolution", "image_urls", "input", "mode"]);
        let value = prop_oneof![
            Just(json!(null)),
            any::<i64>().prop_map(|number| json!(number)),
            any::<f64>().prop_map(|number| json!(number)),
            ".*".prop_map(|text| json!(text)),
            Just(json!("minimax-hailuo-2.3")),
            Just(json!("hailuo-2.3")),
            Just(json!(["https://example.com/a.png", 7])),
            Just(json!({"prompt": "x", "duration": 6})),
        ];
        let fields = proptest::collection::hash_map(name, value, 0..6);
        prop_oneof![".*".prop_map(String::from), fields.prop_map(|fields| json!(fields).to_string())]
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(body in nearly()) {
            for vendor in Vendor::ALL {
                let order = order(vendor, Some("hailuo-2-3-fast"), &Bytes::from(body.clone()));
                prop_assert!(order.map_or(true, |order| order.amount > Money::ZERO));
            }
        }
    }

    #[test]
    fn dates_are_those_of_http() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
