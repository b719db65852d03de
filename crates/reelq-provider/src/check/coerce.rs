//! Reads a value as the field's type.

use serde_json::Value;

use super::images_text::split_images;
use crate::catalogue::FieldKind;

/// Reads `value` as `kind`; the error is the rule that it breaks, as the end of a sentence.
pub(super) fn coerce(kind: FieldKind, value: &Value) -> Result<Value, String> {
    let read = match kind {
        FieldKind::String | FieldKind::Url | FieldKind::Image => text(value),
        FieldKind::Int => whole_number(value),
        FieldKind::Bool => truth(value),
        FieldKind::Strings => texts(value, split),
        FieldKind::Images => texts(value, |text| split_images(text).into()),
        FieldKind::List => json(value, '[').filter(Value::is_array),
        FieldKind::Object => json(value, '{').filter(Value::is_object),
    };
    read.ok_or_else(|| format!("must be {}", kind.in_words()))
}

fn text(value: &Value) -> Option<Value> {
    value.is_string().then(|| value.clone())
}

fn whole_number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) if number.is_f64() => whole_float(number.as_f64()?),
        Value::Number(number) => number.as_i64().map(Value::from),
        Value::String(text) => whole_text(text.trim()),
        _ => None,
    }
}

/// Spreadsheets write `6.0` for 6.
fn whole_text(text: &str) -> Option<Value> {
    let whole = text.split_once('.').filter(|(_, decimals)| decimals.bytes().all(|byte| byte == b'0'));
    whole.map_or(text, |(whole, _)| whole).parse::<i64>().ok().map(Value::from)
}

fn whole_float(number: f64) -> Option<Value> {
    if number.fract() == 0.0 { whole_text(&format!("{number:.0}")) } else { None }
}

fn truth(value: &Value) -> Option<Value> {
    let Value::String(text) = value else { return value.is_boolean().then(|| value.clone()) };
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "on" | "1" => Some(Value::Bool(true)),
        "false" | "no" | "n" | "off" | "0" => Some(Value::Bool(false)),
        _ => None,
    }
}

fn texts(value: &Value, split: fn(&str) -> Value) -> Option<Value> {
    match value {
        Value::String(text) if text.trim_start().starts_with('[') && is_json(text) => texts(&json(value, '[')?, split),
        Value::String(text) => Some(split(text)),
        Value::Array(items) => items.iter().all(Value::is_string).then(|| value.clone()),
        _ => None,
    }
}

fn split(text: &str) -> Value {
    text.split('|').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn json(value: &Value, opening: char) -> Option<Value> {
    match value {
        Value::String(text) if text.trim_start().starts_with(opening) => serde_json::from_str(text).ok(),
        other => Some(other.clone()),
    }
}

/// Whether a cell counts as not given.
pub(super) fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cell_texts_read_as_the_type_of_the_field() {
        let cases = [
            (FieldKind::Int, json!("6"), json!(6)),
            (FieldKind::Int, json!(" 6.0 "), json!(6)),
            (FieldKind::Int, json!(6.0), json!(6)),
            (FieldKind::Bool, json!("TRUE"), json!(true)),
            (FieldKind::Bool, json!("yes"), json!(true)),
            (FieldKind::Bool, json!("0"), json!(false)),
            (
                FieldKind::Images,
                json!("https://a/1.png | https://a/2.png"),
                json!(["https://a/1.png", "https://a/2.png"]),
            ),
            (FieldKind::Strings, json!(r#"["a","b"]"#), json!(["a", "b"])),
            (FieldKind::Strings, json!("[推进]"), json!(["[推进]"])),
            (FieldKind::List, json!(r#"[{"type":"character"}]"#), json!([{"type": "character"}])),
            (FieldKind::Object, json!(r#"{"a":1}"#), json!({"a": 1})),
        ];
        for (kind, cell, read) in cases {
            assert_eq!(coerce(kind, &cell), Ok(read), "{cell} as {kind:?}");
        }
    }

    #[test]
    fn values_of_another_type_are_refused() {
        let cases = [
            (FieldKind::Int, json!("6s"), "must be a whole number"),
            (FieldKind::Int, json!(6.5), "must be a whole number"),
            (FieldKind::Int, json!(1e300), "must be a whole number"),
            (FieldKind::Int, json!("6.5"), "must be a whole number"),
            (FieldKind::Bool, json!("maybe"), "must be true or false"),
            (FieldKind::Bool, json!(1), "must be true or false"),
            (FieldKind::String, json!(5), "must be a text"),
            (FieldKind::Strings, json!([1]), "must be a list of texts"),
            (FieldKind::Object, json!("{broken"), "must be a JSON object"),
            (FieldKind::List, json!("a|b"), "must be a JSON list"),
        ];
        for (kind, cell, rule) in cases {
            assert_eq!(coerce(kind, &cell), Err(rule.to_owned()), "{cell} as {kind:?}");
        }
    }
}
