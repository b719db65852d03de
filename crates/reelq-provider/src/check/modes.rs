//! Finds a row's mode.

use reelq_model::nearest;
use serde_json::Value;

use super::row::{RowCheck, any_of, shown};
use crate::catalogue::{Mode, Model};

/// Finds the row's mode: named by the row, carried by a field, or inferred from the fields.
pub(super) fn resolve<'a>(row: &mut RowCheck<'a>, named: Option<&str>) -> Option<(&'a str, &'a Mode)> {
    let model = row.model;
    let settled = match &model.mode_field {
        Some(field) => carried(row, field, named),
        None => inferred(row, named),
    };
    let (name, mode) = settled?;
    if let Some(doubt) = &mode.doubt {
        let field = model.mode_field.as_deref().unwrap_or("mode");
        row.warning(field, doubt.clone(), None);
    }
    drop_ignored(row, mode);
    require(row, name, mode);
    Some((name, mode))
}

fn by_name<'a>(model: &'a Model, name: &str) -> Option<(&'a str, &'a Mode)> {
    let is_it = |known: &str| known.eq_ignore_ascii_case(name.trim());
    let found = model.modes.iter().find(|(known, mode)| is_it(known) || mode.aliases.iter().any(|alias| is_it(alias)));
    found.map(|(known, mode)| (known.as_str(), mode))
}

fn mode_names(model: &Model) -> Vec<String> {
    model.modes.keys().cloned().collect()
}

fn unknown(row: &mut RowCheck<'_>, field: &str, named: &str) {
    let near = nearest(named, row.model.modes.keys().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
    let rule = format!("the mode of `{}` must be {}", row.name, any_of(&mode_names(row.model)));
    row.error(field, rule, near.as_deref());
    if let Some(finding) = row.findings.last_mut() {
        finding.value = Some(shown(&Value::from(named)));
    }
}

fn carried<'a>(row: &mut RowCheck<'a>, field: &str, named: Option<&str>) -> Option<(&'a str, &'a Mode)> {
    let given = row.given.get(field).and_then(Value::as_str).map(str::to_owned);
    let Some(text) = given.as_deref().or(named) else {
        let rule = format!("`{field}` is required: {}", any_of(&mode_names(row.model)));
        row.error(field, rule, None);
        return None;
    };
    let Some((name, mode)) = by_name(row.model, text) else {
        unknown(row, field, text);
        return None;
    };
    if named.is_some_and(|named| by_name(row.model, named).is_none_or(|(other, _)| other != name)) {
        row.error(field, format!("`{field}` is given twice, with different values"), Some("keep one of them"));
    }
    row.given.insert(field.to_owned(), Value::from(name));
    Some((name, mode))
}

fn inferred<'a>(row: &mut RowCheck<'a>, named: Option<&str>) -> Option<(&'a str, &'a Mode)> {
    let implied = implied(row);
    let Some(text) = named else {
        return implied.or_else(|| missing_trigger(row));
    };
    let Some((name, mode)) = by_name(row.model, text) else {
        unknown(row, "mode", text);
        return None;
    };
    match implied {
        Some((other, _)) if other != name => contradiction(row, (name, mode), other),
        Some(_) => Some((name, mode)),
        None => missing_trigger(row),
    }
}

/// The mode that the fields imply: the one with the longest trigger that is complete.
fn implied<'a>(row: &RowCheck<'a>) -> Option<(&'a str, &'a Mode)> {
    let complete = |mode: &Mode| {
        let all = mode.all.iter().all(|field| row.has(field));
        all && (mode.any.is_empty() || mode.any.iter().any(|field| row.has(field)))
    };
    let mut best: Option<(&str, &Mode)> = None;
    for (name, mode) in row.model.modes.iter().filter(|(_, mode)| complete(mode)) {
        let weight = |mode: &Mode| mode.all.len() + usize::from(!mode.any.is_empty());
        if best.is_none_or(|(_, before)| weight(mode) > weight(before)) {
            best = Some((name, mode));
        }
    }
    best
}

fn trigger(mode: &Mode) -> String {
    let quoted = |fields: &[String]| fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>();
    let all = quoted(&mode.all).join(" and ");
    if mode.all.is_empty() { quoted(&mode.any).join(" and ") } else { all }
}

fn missing_trigger<'a>(row: &mut RowCheck<'_>) -> Option<(&'a str, &'a Mode)> {
    let model = row.model;
    let triggers: Vec<String> = model.modes.values().map(trigger).collect();
    let field = model.modes.values().flat_map(|mode| mode.all.iter().chain(&mode.any)).next();
    row.error(field.map_or("mode", String::as_str), format!("`{}` needs {}", row.name, any_of(&triggers)), None);
    None
}

fn contradiction<'a>(
    row: &mut RowCheck<'_>,
    wanted: (&'a str, &'a Mode),
    implied: &str,
) -> Option<(&'a str, &'a Mode)> {
    let (name, mode) = wanted;
    let missing: Vec<&String> = mode.all.iter().filter(|field| !row.has(field)).collect();
    if let Some(field) = missing.first() {
        row.error(field, format!("mode {name} needs `{field}`"), None);
    } else {
        let hint = format!("leave `mode` out, or take away what makes it {implied}");
        row.error("mode", format!("the fields mean mode {implied}, not {name}"), Some(&hint));
    }
    None
}

fn drop_ignored(row: &mut RowCheck<'_>, mode: &Mode) {
    for (field, reason) in &mode.drops {
        if row.has(field) {
            row.warning(field, reason.clone(), Some("it is left out of the request"));
            row.given.remove(field);
        }
    }
}

fn require(row: &mut RowCheck<'_>, name: &str, mode: &Mode) {
    for field in mode.requires.iter().filter(|field| !mode.all.contains(field)) {
        if !row.has(field) {
            row.error(field, format!("`{field}` is required in mode {name}"), None);
        }
    }
}
