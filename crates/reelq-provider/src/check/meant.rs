//! Values as people write them that stand for a value which the field allows: `6s` for 6, `1080` for `1080p`.

use std::borrow::Cow;

use serde_json::Value;

use super::row::any_of;
use crate::catalogue::{Field, FieldKind};

/// The value that is meant: the only allowed one that differs in nothing but its unit. Any other value is as it was.
pub(super) fn meant<'a>(name: &str, field: &Field, value: &'a Value) -> Cow<'a, Value> {
    let Some(written) = plain(value) else { return Cow::Borrowed(value) };
    if field.kind() == FieldKind::Int && name.contains("duration") {
        return seconds(&written).map_or(Cow::Borrowed(value), |seconds| Cow::Owned(Value::String(seconds.to_owned())));
    }
    if field.kind() != FieldKind::String {
        return Cow::Borrowed(value);
    }
    let mut fitting = allowed(field).filter_map(Value::as_str).filter(|known| is_same_amount(&written, known));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Cow::Owned(Value::from(only)),
        _ => Cow::Borrowed(value),
    }
}

/// A rule with the values that the field takes, where the vendor names them.
pub(super) fn allowing(field: &Field, rule: String) -> String {
    let values: Vec<String> = allowed(field).map(|value| plain(value).unwrap_or_else(|| value.to_string())).collect();
    if values.is_empty() { rule } else { format!("{rule}: {}", any_of(&values)) }
}

fn allowed(field: &Field) -> impl Iterator<Item = &Value> {
    field.limits.iter().flat_map(|limits| &limits.values)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The number of `6s`, `6 sec` and `6 seconds`.
fn seconds(text: &str) -> Option<&str> {
    const UNITS: [&str; 5] = ["s", "sec", "secs", "second", "seconds"];
    let (number, unit) = parts(text)?;
    UNITS.contains(&unit.to_ascii_lowercase().as_str()).then_some(number)
}

/// Whether both are the same number, one of them without its unit.
fn is_same_amount(written: &str, known: &str) -> bool {
    match (parts(written), parts(known)) {
        (Some((one, unit)), Some((other, known))) => {
            one == other && unit != known && (unit.is_empty() || known.is_empty())
        }
        _ => false,
    }
}

/// A number and the letters behind it.
fn parts(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim());
    let number = number.strip_suffix(".0").unwrap_or(number);
    (!number.is_empty() && unit.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some((number, unit))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::FieldLimits;

    fn field(kind: FieldKind, values: &[Value]) -> Field {
        let limits = FieldLimits { values: values.to_vec(), ..FieldLimits::default() };
        Field { kind: Some(kind), limits: Some(limits), ..Field::default() }
    }

    #[test]
    fn a_number_means_the_one_allowed_value_that_has_its_amount() {
        let sizes = field(FieldKind::String, &[json!("768p"), json!("1080p"), json!("2K")]);
        for (written, read) in [
            (json!("1080"), json!("1080p")),
            (json!(768), json!("768p")),
            (json!("1080.0"), json!("1080p")),
            (json!("720"), json!("720")),
            (json!("1080i"), json!("1080i")),
            (json!("large"), json!("large")),
        ] {
            assert_eq!(*meant("resolution", &sizes, &written), read, "{written}");
        }
        let twice = field(FieldKind::String, &[json!("5s"), json!("5f")]);
        assert_eq!(*meant("length", &twice, &json!("5")), json!("5"));
    }

    #[test]
    fn seconds_may_say_that_they_are_seconds() {
        let duration = field(FieldKind::Int, &[json!(6), json!(10)]);
        for written in ["6s", "6 sec", "6 Seconds", "6.0s"] {
            assert_eq!(*meant("duration", &duration, &json!(written)), json!("6"), "{written}");
        }
        assert_eq!(*meant("duration", &duration, &json!("6m")), json!("6m"));
        assert_eq!(*meant("seed", &field(FieldKind::Int, &[]), &json!("6s")), json!("6s"));
        assert_eq!(allowing(&duration, "must be a whole number".to_owned()), "must be a whole number: 6 or 10");
    }
}
