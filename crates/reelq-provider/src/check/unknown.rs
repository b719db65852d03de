//! Findings about names that the catalogue does not hold.

use reelq_model::{Fields, Finding, nearest};
use serde_json::Value;

use super::row::{RowCheck, any_of, shown};
use crate::{Checked, catalogue::Catalogue};

/// What a row of an unknown model is told.
pub(crate) fn unknown_model(catalogue: &Catalogue, vendor: &str, model: &str) -> Checked {
    let names: Vec<&str> = catalogue.models.keys().map(String::as_str).collect();
    let hint = nearest(model, names.iter().copied())
        .map_or_else(|| format!("its models are {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
    let rule = format!("`{model}` is not a model of {vendor}");
    let finding = Finding::error("model", Some(shown(&Value::from(model))), rule).with_hint(hint);
    Checked { mode: String::new(), fields: Fields::new(), price: None, findings: vec![finding] }
}

pub(super) fn unknown_field(row: &mut RowCheck<'_>, key: &str, spelling: &str, value: &Value) {
    let (rule, hint) = reason(row, key);
    let mut finding = Finding::error(spelling, Some(shown(value)), rule);
    finding.hint = hint;
    row.findings.push(finding);
}

fn reason(row: &RowCheck<'_>, key: &str) -> (String, Option<String>) {
    let rule = format!("`{}` takes no field `{key}`", row.name);
    if let Some(reason) = row.model.refused.get(key) {
        return (rule, Some(reason.clone()));
    }
    let others = row.catalogue.models.iter().filter(|(_, other)| other.fields.contains_key(key));
    let others: Vec<String> = others.map(|(name, _)| format!("`{name}`")).collect();
    if !others.is_empty() {
        return (rule, Some(format!("it is a field of {}", any_of(&others))));
    }
    let near = nearest(key, row.model.fields.keys().map(String::as_str));
    (rule, near.map(|near| format!("did you mean `{near}`?")))
}
