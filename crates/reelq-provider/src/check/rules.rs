//! Checks combinations of fields.

use indexmap::IndexMap;
use serde_json::Value;

use super::row::RowCheck;
use crate::catalogue::{Mode, Rule, RuleSeverity};

/// Checks every rule of the model.
pub(super) fn check(row: &mut RowCheck<'_>, mode: Option<(&str, &Mode)>) {
    let model = row.model;
    let broken: Vec<&Rule> = model.rules.values().filter(|rule| is_broken(row, mode, rule)).collect();
    for rule in broken {
        let field = rule.field.as_deref().unwrap_or("mode");
        match rule.severity {
            RuleSeverity::Error => row.error(field, rule.say.clone(), rule.hint.as_deref()),
            RuleSeverity::Warning => row.warning(field, rule.say.clone(), rule.hint.as_deref()),
            RuleSeverity::Off => {}
        }
    }
}

fn is_broken(row: &RowCheck<'_>, mode: Option<(&str, &Mode)>, rule: &Rule) -> bool {
    let in_mode = rule.modes.is_empty() || mode.is_some_and(|(name, _)| rule.modes.iter().any(|known| known == name));
    let given = |(field, wanted): (&String, &Value)| row.given.get(field).is_some_and(|value| equals(wanted, value));
    in_mode
        && rule.present.iter().all(|field| row.has(field))
        && rule.absent.iter().all(|field| !row.has(field))
        && rule.when_given.iter().all(given)
        && holds(row, mode, &rule.when)
}

/// Whether every value in effect is as `when` wants it.
pub(super) fn holds(row: &RowCheck<'_>, mode: Option<(&str, &Mode)>, when: &IndexMap<String, Value>) -> bool {
    when.iter().all(|(field, wanted)| match (row.in_effect(mode.map(|(_, mode)| mode), field), mode) {
        (Some(value), _) => equals(wanted, value),
        (None, Some((name, _))) if field == "mode" => equals(wanted, &Value::from(name)),
        (None, _) => false,
    })
}

fn equals(wanted: &Value, value: &Value) -> bool {
    match (wanted, value) {
        (Value::Array(any), value) => any.iter().any(|wanted| equals(wanted, value)),
        (Value::String(wanted), Value::String(value)) => wanted.eq_ignore_ascii_case(value),
        (wanted, value) => wanted == value,
    }
}
