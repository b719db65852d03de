//! Numbers.

use serde_json::{Number, Value};

/// The value of a token that begins like a number.
///
/// A whole number that fits no integer stays a text, digit for digit, and so does what is no JSON number (`007`, `1.2.3`).
pub(super) fn number(token: &str) -> Value {
    let digits = token.strip_prefix('-').unwrap_or(token);
    let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit()) && token != "-0";
    match serde_json::from_str::<Number>(token) {
        Ok(number) if !(is_whole && number.is_f64()) => Value::Number(number),
        _ => Value::String(token.to_owned()),
    }
}
