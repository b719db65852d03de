//! Amounts in replies.

use reelq_model::Money;
use serde_json::Value;

/// Wave counts in quota: 500,000 are one dollar, so one is two micro-dollars.
const MICROS_PER_QUOTA: i64 = 2;

/// An amount in quota; `None` where it is not a whole, non-negative number.
pub(crate) fn quota(value: &Value) -> Option<Money> {
    let number = match value {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.checked_mul(MICROS_PER_QUOTA).filter(|micros| *micros >= 0).map(Money::from_micros)
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
        for value in [json!(-1), json!(0.5), json!(i64::MAX), json!(null), json!("x")] {
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
