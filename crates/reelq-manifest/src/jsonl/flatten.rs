//! Takes an object apart into the known names of a row.

use serde_json::{Map, Value};

use crate::{
    Problem,
    assemble::{FieldEntry, kind, plain},
    csv::{ColumnPlan, Strangers, slip},
    location::Layer,
    names::{NameMeaning, RowField},
    problem::readable,
};

/// Takes an object apart; nulls are absent, unknown keys are problems.
pub(crate) fn flatten(
    object: Map<String, Value>,
    plan: &ColumnPlan,
    at: &Layer,
    problems: &mut Vec<Problem>,
) -> Vec<FieldEntry> {
    let mut flat = Flat { plan, at, problems, entries: Vec::new() };
    flat.object("", object);
    flat.entries
}

struct Flat<'a> {
    plan: &'a ColumnPlan,
    at: &'a Layer,
    problems: &'a mut Vec<Problem>,
    entries: Vec<FieldEntry>,
}

impl Flat<'_> {
    fn object(&mut self, parent: &str, object: Map<String, Value>) {
        for (key, value) in object {
            let path = if parent.is_empty() { key } else { format!("{parent}.{key}") };
            if self.plan.ignore.contains(&path) || value.is_null() {
                continue;
            }
            if self.plan.carry.contains(&path) {
                self.stranger(&path, value);
                continue;
            }
            let name = self.plan.columns.get(&path).map_or(path.as_str(), String::as_str);
            match (self.plan.names.key(name), value) {
                (NameMeaning::Field(_), value) if self.fits(parent, name) || name != path => {
                    self.push(name, value);
                }
                (NameMeaning::Parent, Value::Object(inner)) => self.object(&path, inner),
                (NameMeaning::Unknown, Value::Object(inner)) if self.plan.looks_into(&path) => {
                    self.object(&path, inner);
                }
                (NameMeaning::Parent, other) => {
                    let rule = format!("{} must be an object, not {}", readable(name), kind(&other));
                    self.problems.push(self.at.field_problem(name, rule).with_value(&plain(&other)));
                }
                (NameMeaning::Unknown, value) if self.is_own(parent) => self.stranger(&path, value),
                _ => self.problems.push(unknown_key(self.at, name, &path, self.plan)),
            }
        }
    }

    /// Whether keys below `parent` may be the user's own: those of our objects never are.
    fn is_own(&self, parent: &str) -> bool {
        self.plan.strangers != Strangers::Refused
            && (parent.is_empty() || self.plan.names.key(parent) == NameMeaning::Unknown)
    }

    fn stranger(&mut self, path: &str, value: Value) {
        match self.plan.stranger(path) {
            Ok(target) if !self.entries.iter().any(|entry| entry.target == target) => {
                self.entries.push(FieldEntry { target, value });
            }
            Ok(_) => {}
            Err(near) => {
                let shown = readable(path);
                let problem = self.at.key_problem(path, format!("unknown key `{shown}`"));
                self.problems.push(problem.with_hint(slip(&shown, near)));
            }
        }
    }

    /// Labels, `x_` keys and the like are for whole rows, not for the inside of a field.
    fn fits(&self, parent: &str, name: &str) -> bool {
        parent.is_empty() || matches!(self.plan.names.key(name), NameMeaning::Field(RowField::Field(_)))
    }

    fn push(&mut self, name: &str, value: Value) {
        let NameMeaning::Field(target) = self.plan.names.key(name) else { return };
        if self.entries.iter().any(|entry| entry.target == target) {
            let rule = format!("`{}` is given twice", readable(name));
            self.problems.push(self.at.field_problem(name, rule).with_value(&plain(&value)));
            return;
        }
        self.entries.push(FieldEntry { target, value });
    }
}

/// A problem with a key that means nothing.
pub(crate) fn unknown_key(at: &Layer, key: &str, path: &str, plan: &ColumnPlan) -> Problem {
    let path = readable(path);
    let carry =
        (!path.contains('.')).then(|| format!("to carry it to the result manifest untouched, call it `x_{path}`"));
    let near = plan.names.nearest(&path).map(|near| format!("did you mean `{near}`?"));
    let hint = [near, carry].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let problem = at.key_problem(key, format!("unknown key `{path}`"));
    if hint.is_empty() { problem } else { problem.with_hint(hint) }
}
