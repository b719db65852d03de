//! A row while it is checked.

use std::collections::HashMap;

use reelq_model::{Fields, Finding};
use serde_json::Value;

use crate::catalogue::{Catalogue, Field, Mode, Model};

const SHOWN_CHARS_MAX: usize = 80;

/// A row while it is checked.
pub(super) struct RowCheck<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) name: &'a str,
    pub(super) model: &'a Model,
    /// What the row gives, by plain name.
    pub(super) given: Fields,
    /// Members of the passed-on object that the catalogue does not know.
    pub(super) passed_on: Fields,
    /// How the row spells a field, where that is not its plain name.
    pub(super) spelled: HashMap<String, String>,
    pub(super) findings: Vec<Finding>,
}

impl<'a> RowCheck<'a> {
    pub(super) fn new(catalogue: &'a Catalogue, name: &'a str, model: &'a Model) -> Self {
        let (given, passed_on, spelled) = (Fields::new(), Fields::new(), HashMap::new());
        Self { catalogue, name, model, given, passed_on, spelled, findings: Vec::new() }
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.given.contains_key(field)
    }

    /// The field as the row spells it.
    pub(super) fn spelling<'s>(&'s self, field: &'s str) -> &'s str {
        self.spelled.get(field).map_or(field, String::as_str)
    }

    /// The value that the vendor will use: given, fixed by the mode, or its default.
    pub(super) fn in_effect<'s>(&'s self, mode: Option<&'s Mode>, field: &str) -> Option<&'s Value> {
        let fixed = || mode.and_then(|mode| mode.implies.get(field));
        let default = || self.model.fields.get(field).and_then(|field| field.default.as_ref());
        self.given.get(field).or_else(fixed).or_else(default)
    }

    fn finish(&self, mut finding: Finding, field: &str, hint: Option<&str>) -> Finding {
        finding.field = Some(self.spelling(field).to_owned());
        let own = self.model.fields.get(field).and_then(|field: &Field| field.hint.as_deref());
        if let Some(hint) = hint.or(own) {
            finding.hint = Some(hint.to_owned());
        }
        finding
    }

    pub(super) fn error(&mut self, field: &str, rule: impl Into<String>, hint: Option<&str>) {
        let value = self.given.get(field).map(shown);
        let finding = self.finish(Finding::error(field, value, rule), field, hint);
        self.findings.push(finding);
    }

    pub(super) fn warning(&mut self, field: &str, rule: impl Into<String>, hint: Option<&str>) {
        let value = self.given.get(field).map(shown);
        let finding = self.finish(Finding::warning(field, value, rule), field, hint);
        self.findings.push(finding);
    }
}

/// A value as a person wrote it, cut to a readable length.
pub(super) fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.chars().count() <= SHOWN_CHARS_MAX {
        return text;
    }
    text.chars().take(SHOWN_CHARS_MAX).chain(['…']).collect()
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn any_of(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
