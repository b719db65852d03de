//! Collects a row's fields under their plain names.

use reelq_model::Fields;
use serde_json::Value;

use super::{
    coerce::{coerce, is_blank},
    meant::{allowing, meant},
    row::RowCheck,
    unknown::unknown_field,
};

/// Collects `fields`; `passes_on` tells whether unknown members of the model's passed-on object are allowed.
pub(super) fn gather(row: &mut RowCheck<'_>, fields: &Fields, passes_on: bool) {
    for (key, value) in fields.iter().filter(|(_, value)| !is_blank(value)) {
        match container_of(row, key) {
            Some((container, None)) => members(row, &container, value, passes_on),
            Some((container, Some(member))) => take(row, Some(&container), &member, value, passes_on),
            None => take(row, None, key, value, passes_on),
        }
    }
    in_catalogue_order(row);
}

/// Splits `extra.name` into container and member; `extra` alone is the container as a whole.
fn container_of(row: &RowCheck<'_>, key: &str) -> Option<(String, Option<String>)> {
    let (head, member) = key.split_once('.').map_or((key, None), |(head, rest)| (head, Some(rest.to_owned())));
    let is_container = row.catalogue.containers.iter().any(|name| name == head);
    is_container.then(|| (head.to_owned(), member))
}

fn members(row: &mut RowCheck<'_>, container: &str, value: &Value, passes_on: bool) {
    match coerce(crate::catalogue::FieldKind::Object, value) {
        Ok(Value::Object(members)) => {
            for (member, value) in members.iter().filter(|(_, value)| !is_blank(value)) {
                take(row, Some(container), member, value, passes_on);
            }
        }
        _ => row.error(container, format!("`{container}` must be a JSON object"), None),
    }
}

fn take(row: &mut RowCheck<'_>, container: Option<&str>, key: &str, value: &Value, passes_on: bool) {
    let spelling = container.map_or_else(|| key.to_owned(), |container| format!("{container}.{key}"));
    let model = row.model;
    let known = model.fields.get_key_value(key);
    let known = known.or_else(|| model.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)));
    match known {
        Some((name, field)) => match coerce(field.kind(), &meant(name, field, value)) {
            Ok(read) => put(row, name, &spelling, read),
            Err(rule) => refuse_type(row, name, &spelling, value, &allowing(field, rule)),
        },
        None if container.is_some()
            && container == model.passthrough.as_deref()
            && !model.refused.contains_key(key) =>
        {
            pass_on(row, key, &spelling, value, passes_on);
        }
        None => unknown_field(row, key, &spelling, value),
    }
}

fn put(row: &mut RowCheck<'_>, name: &str, spelling: &str, value: Value) {
    if row.given.get(name).is_some_and(|before| *before != value) {
        let rule = format!("`{name}` is given twice, as `{}` and as `{spelling}`", row.spelling(name));
        row.error(name, rule, Some("keep one of them"));
        return;
    }
    if spelling != name {
        row.spelled.insert(name.to_owned(), spelling.to_owned());
    }
    row.given.insert(name.to_owned(), value);
}

fn refuse_type(row: &mut RowCheck<'_>, name: &str, spelling: &str, value: &Value, rule: &str) {
    put(row, name, spelling, value.clone());
    row.error(name, format!("`{name}` {rule}"), None);
    row.given.remove(name);
}

fn pass_on(row: &mut RowCheck<'_>, key: &str, spelling: &str, value: &Value, passes_on: bool) {
    row.spelled.insert(key.to_owned(), spelling.to_owned());
    if passes_on {
        row.warning(key, format!("`{key}` is not a documented parameter; it is passed on unread"), None);
        row.passed_on.insert(key.to_owned(), value.clone());
    } else {
        let hint = "only accounts with dialect 2026-04 pass unknown parameters on";
        row.error(key, format!("`{}` takes no parameter `{key}`", row.name), Some(hint));
    }
}

fn in_catalogue_order(row: &mut RowCheck<'_>) {
    let mut ordered = Fields::new();
    for name in row.model.fields.keys() {
        ordered.extend(row.given.remove(name).map(|value| (name.clone(), value)));
    }
    row.given = ordered;
    row.passed_on.sort_keys();
}
