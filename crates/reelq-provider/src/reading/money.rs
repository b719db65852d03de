//! Amounts in replies.

use reelq_model::{Money, believable_cost};
use serde_json::Value;

use super::clean;

/// Wave counts in quota: 500,000 are one dollar, so one is two micro-dollars.
const MICROS_PER_QUOTA: i64 = 2;

/// An amount in quota; `None` where it is not a whole number that a task can cost.
pub(crate) fn quota(value: &Value) -> Option<Money> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) if !text.trim().is_empty() => text.trim().parse().ok(),
        _ => return None,
    };
    let micros = number.and_then(|number: i64| number.checked_mul(MICROS_PER_QUOTA));
    let cost = believable_cost(micros.map(Money::from_micros), None);
    if cost.is_none() {
        tracing::warn!(told = %clean(&value.to_string()), "not a plausible cost: taken as not told");
    }
    cost
}

/// An amount in dollars, as a number or a text; decimals beyond the sixth are cut off, not rounded up.
pub(crate) fn dollars(value: &Value) -> Option<Money> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    let cut = match text.split_once('.') {
        Some((whole, decimals)) if decimals.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{whole}.{}", decimals.get(..6).unwrap_or(decimals))
        }
        _ => text,
    };
    cut.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quota_becomes_exact_micro_dollars() {
        assert_eq!(quota(&json!(500_000)).map(Money::micros), Some(1_000_000));
        assert_eq!(quota(&json!(155_550)).map(|money| money.to_string()).as_deref(), Some("0.3111"));
        for value in [
            json!(-1),
            json!(0.5),
            json!(i64::MAX),
            json!(4_611_686_018_427_387_903_i64),
            json!("99999999999999999999"),
            json!(null),
            json!("x"),
        ] {
            assert_eq!(quota(&value), None, "{value}");
        }
    }

    #[test]
    fn dollars_never_pass_through_a_float() {
        assert_eq!(dollars(&json!(12.34)).map(Money::micros), Some(12_340_000));
        assert_eq!(dollars(&json!("0.12345678")).map(Money::micros), Some(123_456));
        assert_eq!(dollars(&json!(1e300)), None);
    }
}
