//! Checks each field on its own.

use reelq_model::Severity;
use serde_json::Value;

use super::{images, row::RowCheck, row::any_of};
use crate::catalogue::{Field, FieldKind, FieldLimits};

/// Checks every field of the model.
pub(super) fn check(row: &mut RowCheck<'_>) {
    let model = row.model;
    for (name, field) in &model.fields {
        match row.given.get(name).cloned() {
            Some(value) => check_given(row, name, field, value),
            None if field.required && !is_reported(row, name) => {
                row.error(name, format!("`{name}` is required"), None);
            }
            None => {}
        }
    }
}

/// A field whose value could not be read, or whose absence the mode reported, is not reported again.
fn is_reported(row: &RowCheck<'_>, name: &str) -> bool {
    let spelling = row.spelling(name);
    row.findings.iter().any(|finding| finding.severity == Severity::Error && finding.field.as_deref() == Some(spelling))
}

fn check_given(row: &mut RowCheck<'_>, name: &str, field: &Field, value: Value) {
    let value = documented_case(field, value);
    row.given.insert(name.to_owned(), value.clone());
    if let Some(doubt) = &field.doubt {
        row.warning(name, doubt.clone(), None);
    }
    if let Some(rule) = field.limits.as_ref().and_then(|limits| broken(name, limits, &value)) {
        row.error(name, rule, field.limits.as_ref().and_then(|limits| limits.say.as_deref()));
    } else if let Some(rule) = field.advice.as_ref().and_then(|advice| broken(name, advice, &value)) {
        row.warning(
            name,
            rule.replacen(" must ", " should ", 1),
            field.advice.as_ref().and_then(|advice| advice.say.as_deref()),
        );
    }
    match field.kind() {
        FieldKind::Url if !images::is_address(value.as_str().unwrap_or_default()) => {
            row.error(name, format!("`{name}` must be an http(s) address"), None);
        }
        kind if kind.is_image() => images::check_references(row, name, field, &value),
        _ => {}
    }
}

/// The vendor's own spelling of an allowed value that differs in case only.
fn documented_case(field: &Field, value: Value) -> Value {
    let Some(text) = value.as_str() else { return value };
    let limits = field.limits.iter().chain(&field.advice);
    let mut allowed = limits.flat_map(|limits| &limits.values).filter_map(Value::as_str);
    let trimmed = text.trim();
    allowed.find(|known| known.eq_ignore_ascii_case(trimmed)).map(Value::from).unwrap_or(value)
}

fn broken(name: &str, limits: &FieldLimits, value: &Value) -> Option<String> {
    if !limits.values.is_empty() && !limits.values.contains(value) {
        let allowed: Vec<String> = limits.values.iter().map(plain).collect();
        return Some(format!("`{name}` must be {}", any_of(&allowed)));
    }
    out_of_range(name, limits, value).or_else(|| too_long(name, limits, value))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn out_of_range(name: &str, limits: &FieldLimits, value: &Value) -> Option<String> {
    let number = value.as_i64()?;
    let below = limits.min.is_some_and(|min| number < min);
    let above = limits.max.is_some_and(|max| number > max);
    if !below && !above {
        return None;
    }
    Some(match (limits.min, limits.max) {
        (Some(min), Some(max)) => format!("`{name}` must be between {min} and {max}"),
        (Some(min), None) => format!("`{name}` must be at least {min}"),
        (_, max) => format!("`{name}` must be at most {}", max.unwrap_or(i64::MAX)),
    })
}

fn too_long(name: &str, limits: &FieldLimits, value: &Value) -> Option<String> {
    if let (Some(text), Some(max)) = (value.as_str(), limits.max_chars) {
        // A text of few bytes cannot have many characters: only long ones are counted.
        let chars = if text.len() > max { text.chars().count() } else { 0 };
        return (chars > max).then(|| format!("`{name}` must have at most {max} characters, and has {chars}"));
    }
    let (items, max) = (value.as_array()?.len(), limits.max_items?);
    let noun = if max == 1 { "item" } else { "items" };
    (items > max).then(|| format!("`{name}` must have at most {max} {noun}, and has {items}"))
}
