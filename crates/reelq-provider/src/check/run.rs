//! The check as a whole.

use reelq_model::{Fields, Finding};
use serde_json::Value;

use super::{controls, gather::gather, limits, modes, prices::price, row::RowCheck, rules, tags};
use crate::{
    Checked,
    catalogue::{Catalogue, Model},
};

/// A row to be checked.
#[derive(Clone, Copy)]
pub(crate) struct RowRequest<'a> {
    pub(crate) model: &'a str,
    pub(crate) mode: Option<&'a str>,
    pub(crate) fields: &'a Fields,
    /// Whether unknown members of the model's passed-on object are allowed.
    pub(crate) passes_on: bool,
}

/// Checks `request`, whose model is `model`.
pub(crate) fn check(catalogue: &Catalogue, model: &Model, request: RowRequest<'_>) -> Checked {
    let mut row = RowCheck::new(catalogue, request.model, model);
    gather(&mut row, request.fields, request.passes_on);
    let mode = modes::resolve(&mut row, request.mode);
    controls::check(&mut row);
    limits::check(&mut row);
    tags::check(&mut row);
    rules::check(&mut row, mode);
    let price = price(&row, mode);
    let mode = mode.map(|(name, _)| name.to_owned()).unwrap_or_default();
    let findings = sorted(std::mem::take(&mut row.findings));
    Checked { mode, fields: normal_form(row), price, findings }
}

/// Errors first; within a severity in the order of the checks.
fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| finding.severity);
    findings
}

fn normal_form(row: RowCheck<'_>) -> Fields {
    let mut fields = Fields::new();
    let mut given = row.given;
    for name in row.model.fields.keys() {
        fields.extend(given.remove(name).map(|value| (name.clone(), value)));
    }
    if let Some(container) = row.model.passthrough.as_ref().filter(|_| !row.passed_on.is_empty()) {
        fields.insert(container.clone(), Value::Object(row.passed_on));
    }
    fields
}
