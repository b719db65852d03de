//! Where replies complain, over all vendors.

use serde_json::Value;

use super::{
    place::at,
    text::{clean, text},
};

const CODES: [&str; 9] = [
    "/error/code",
    "/error/type",
    "/code",
    "/data/error/code",
    "/data/failCode",
    "/data/error_code",
    "/data/code",
    "/failCode",
    "/detail/code",
];
const MESSAGES: [&str; 14] = [
    "/error/message",
    "/error/raw_message",
    "/error",
    "/data/error/message",
    "/data/error",
    "/data/failMsg",
    "/data/error_message",
    "/data/detail",
    "/detail/message",
    "/detail",
    "/message",
    "/error_message",
    "/msg",
    "/data/message",
];
/// Messages of the first of several errors.
const LISTED: [&str; 6] =
    ["/errors/0/message", "/errors/0/detail", "/errors/0", "/detail/0/msg", "/detail/0", "/message/0"];
/// Numbers that may be an HTTP status: of the envelope, then of the error in it.
const ENVELOPE_NUMBERS: [&str; 3] = ["/code", "/status_code", "/status"];
/// Members that are there only where something is wrong.
const ERRORS: [&str; 9] = [
    "/error",
    "/errors",
    "/data/error",
    "/failCode",
    "/data/failCode",
    "/error_code",
    "/data/error_code",
    "/error_message",
    "/data/error_message",
];
const SUCCESSES: [&str; 8] = ["success", "ok", "succeed", "succeeded", "successful", "none", "null", "accepted"];

fn texts<'a>(body: &'a Value, places: &'static [&str]) -> impl Iterator<Item = String> + 'a {
    let read = |value: &Value| text(value).map(|text| clean(&text)).filter(|text| !text.is_empty());
    places.iter().filter_map(move |place| at(body, place).and_then(read))
}

fn is_success(text: &str) -> bool {
    SUCCESSES.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Every code that is a word, the vendor's own first.
pub(super) fn codes(body: &Value) -> impl Iterator<Item = String> {
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    texts(body, &CODES).filter(move |text| !is_number(text) && !is_success(text))
}

/// The vendor's code, where it is a word.
pub(super) fn code(body: &Value) -> Option<String> {
    codes(body).next()
}

/// Every message of a complaint.
pub(super) fn messages(body: &Value) -> impl Iterator<Item = String> {
    texts(body, &MESSAGES).chain(texts(body, &LISTED)).filter(|text| !is_success(text))
}

/// The vendor's message.
pub(super) fn message(body: &Value) -> Option<String> {
    texts(body, &MESSAGES).find(|text| !is_success(text))
}

fn status_at(body: &Value, place: &str) -> Option<u16> {
    let text = at(body, place).and_then(text)?;
    text.parse().ok().filter(|status| (300..=599).contains(status))
}

/// The status of a refusal that the envelope names by number.
pub(super) fn envelope_status(body: &Value) -> Option<u16> {
    ENVELOPE_NUMBERS.iter().find_map(|place| status_at(body, place))
}

/// The status of a refusal that the body names by number.
pub(super) fn status_number(body: &Value) -> Option<u16> {
    envelope_status(body).or_else(|| status_at(body, "/error/code"))
}

/// Whether a member that stands for an error says one: not empty, not a success.
pub(super) fn says_error(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => !matches!(number.as_i64(), Some(0 | 200..=299)),
        Value::String(text) => !matches!(text.trim(), "" | "0" | "200") && !is_success(text.trim()),
        Value::Array(items) => items.iter().any(says_error),
        Value::Object(members) => members.values().any(says_error),
    }
}

/// Whether the envelope's code is neither a word nor a number for success.
pub(super) fn has_bad_code(body: &Value) -> bool {
    let code = body.get("code").and_then(text);
    code.is_some_and(|code| match code.parse::<f64>() {
        Ok(number) => number != 0.0 && !(200.0..300.0).contains(&number),
        Err(_) => !is_success(&code),
    })
}

/// Whether a member that stands for an error names one.
pub(super) fn names_error(body: &Value) -> bool {
    ERRORS.iter().any(|place| at(body, place).is_some_and(says_error))
}

/// Whether anything in the body says that something is wrong.
pub(super) fn complains(body: &Value) -> bool {
    let is_false = |name: &str| body.get(name) == Some(&Value::Bool(false));
    let status = body.get("status").and_then(Value::as_str).unwrap_or_default();
    names_error(body)
        || has_bad_code(body)
        || envelope_status(body).is_some()
        || is_false("success")
        || is_false("ok")
        || ["error", "fail", "failure"].iter().any(|word| word.eq_ignore_ascii_case(status))
        || ["object", "type"].iter().any(|name| body.get(*name).and_then(Value::as_str) == Some("error"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn complaints_are_told_from_successes() {
        for body in [
            json!({"error": "down"}),
            json!({"error": {"message": "x"}}),
            json!({"code": "internal_error"}),
            json!({"code": 500}),
            json!({"code": "1001"}),
            json!({"success": false}),
            json!({"status": "error"}),
            json!({"id": "r", "object": "error", "message": "internal failure"}),
            json!({"errors": [{"code": 10}]}),
            json!({"data": {"failCode": "X"}}),
        ] {
            assert!(complains(&body), "{body}");
        }
        for body in [
            json!({"code": 200, "message": "success", "data": {}}),
            json!({"code": "0", "error": null}),
            json!({"code": "success", "error": ""}),
            json!({"error": {"code": "", "message": null}}),
            json!({"status": "queued", "success": true, "errors": []}),
        ] {
            assert!(!complains(&body), "{body}");
        }
    }
}
