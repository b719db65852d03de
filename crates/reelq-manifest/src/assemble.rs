//! Puts the values of a row and of its defaults together.

use reelq_model::Fields;
use serde_json::Value;

use crate::{Problem, Row, Spans, limits, names::RowField};

/// One value and the part of the row that it is for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldEntry {
    pub(crate) target: RowField,
    pub(crate) value: Value,
}

/// Puts entries together, later ones over earlier ones; `None` where one of them is an error.
pub(crate) fn assemble(
    number: u64,
    entries: impl IntoIterator<Item = FieldEntry>,
    spans: Spans,
    problems: &mut Vec<Problem>,
) -> Option<Row> {
    let mut row = Row {
        number,
        label: None,
        account: None,
        provider: None,
        model: None,
        mode: None,
        copies: 1,
        priority: None,
        fields: Fields::new(),
        passthrough: std::collections::BTreeMap::new(),
        spans,
    };
    let before = problems.len();
    for entry in entries {
        let name = entry.target.name().to_owned();
        if let Err(fault) = set(&mut row, entry) {
            let mut problem = row.spans.problem(Some(&name), &fault.rule).with_value(&fault.value);
            problem.hint = fault.hint.map(str::to_owned);
            problems.push(problem);
        }
    }
    (problems.len() == before).then_some(row)
}

struct RecordError {
    rule: String,
    value: String,
    hint: Option<&'static str>,
}

fn set(row: &mut Row, FieldEntry { target, value }: FieldEntry) -> Result<(), RecordError> {
    check_size(&target, &value)?;
    match target {
        RowField::Id => row.label = Some(text("id", value)?),
        RowField::Account => row.account = Some(text("account", value)?),
        RowField::Provider => row.provider = Some(text("provider", value)?),
        RowField::Model => row.model = Some(text("model", value)?),
        RowField::Mode => row.mode = Some(text("mode", value)?),
        RowField::Copies => row.copies = copies(&value)?,
        RowField::Priority => row.priority = Some(priority(&value)?),
        RowField::Field(path) => insert(&mut row.fields, &path, value)?,
        RowField::Passthrough(name) => {
            row.passthrough.insert(name.to_string(), plain(&value));
        }
    }
    Ok(())
}

fn check_size(target: &RowField, value: &Value) -> Result<(), RecordError> {
    match value.as_str() {
        Some(text) if text.len() > limits::VALUE_BYTES => Err(RecordError {
            rule: format!("{} is {} bytes long; at most {} are taken", target.name(), text.len(), limits::VALUE_BYTES),
            value: text.to_owned(),
            hint: None,
        }),
        _ => Ok(()),
    }
}

/// A value as text: texts as they are, anything else as JSON.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn text(name: &str, value: Value) -> Result<String, RecordError> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Ok(text),
        Value::Number(number) if number.is_i64() => Ok(number.to_string()),
        Value::String(text) => Err(RecordError {
            rule: format!("{name} must not be empty"),
            value: text,
            hint: Some("leave it out instead"),
        }),
        other => Err(RecordError {
            rule: format!("{name} must be a text, not {}", kind(&other)),
            value: other.to_string(),
            hint: None,
        }),
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(&number.to_string())),
        Value::String(text) => whole(text.trim()),
        _ => None,
    }
}

/// A whole number, also as programs write it that know only fractions: `2.0`.
fn whole(text: &str) -> Option<i64> {
    let digits = text.split_once('.').map_or(text, |(digits, zeros)| {
        if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') { digits } else { text }
    });
    digits.parse().ok()
}

fn copies(value: &Value) -> Result<u32, RecordError> {
    let copies = integer(value).and_then(|copies| u32::try_from(copies).ok());
    copies.filter(|copies| (1..=limits::COPIES).contains(copies)).ok_or_else(|| RecordError {
        rule: format!("copies must be a whole number from 1 to {}", limits::COPIES),
        value: plain(value),
        hint: Some("to leave a row out, remove it"),
    })
}

fn priority(value: &Value) -> Result<i32, RecordError> {
    integer(value).and_then(limits::within_priorities).ok_or_else(|| RecordError {
        rule: format!("priority must be a whole number from -{0} to {0}", limits::PRIORITY_MAX),
        value: plain(value),
        hint: Some("higher goes first; 0 is usual"),
    })
}

fn insert(fields: &mut Fields, path: &str, value: Value) -> Result<(), RecordError> {
    let Some((parent, rest)) = path.split_once('.') else {
        fields.insert(path.to_owned(), value);
        return Ok(());
    };
    match fields.entry(parent).or_insert_with(|| Value::Object(Fields::new())) {
        Value::Object(inner) => insert(inner, rest, value),
        other => Err(RecordError {
            rule: format!("`{parent}` is {} and cannot hold `{rest}`", kind(other)),
            value: plain(&value),
            hint: None,
        }),
    }
}

/// What kind of value it is, with its article.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
