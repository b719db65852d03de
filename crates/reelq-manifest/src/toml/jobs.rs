//! `[[jobs]]`: one table that expands to as many rows as its matrix has combinations.

use std::sync::Arc;

use reelq_model::nearest;
use serde_json::{Map, Value};

use super::{context::DocumentContext, section::Section};
use crate::{
    Problem,
    assemble::{FieldEntry, kind},
    csv::ColumnPlan,
    entries::{RowEntries, RowStep},
    jsonl::flatten,
    limits,
    location::Layer,
    problem::readable,
    source::{RowSource, SourceContent},
    template::{Templates, is_name, templates_in, variables},
};

/// A job before its expansion.
#[derive(Debug)]
pub(crate) struct JobTemplate {
    layer: Arc<Layer>,
    entries: Vec<FieldEntry>,
    vars: Map<String, Value>,
    /// Each key of the matrix with its values; the first one changes slowest.
    matrix: Vec<(String, Vec<Value>)>,
    rows: u64,
}

impl JobTemplate {
    /// Without variables, braces are what the texts say.
    fn has_templates(&self) -> bool {
        !(self.vars.is_empty() && self.matrix.is_empty())
    }
}

/// A job while it is expanded.
#[derive(Debug)]
pub(crate) struct Expansion {
    job: Arc<JobTemplate>,
    next: u64,
}

impl Expansion {
    pub(crate) fn new(job: &Arc<JobTemplate>) -> Self {
        Self { job: Arc::clone(job), next: 0 }
    }

    pub(crate) fn next(&mut self, _problems: &mut Vec<Problem>) -> RowStep {
        if self.next >= self.job.rows {
            return RowStep::End;
        }
        let mut rest = self.next;
        self.next += 1;
        let mut pairs: Vec<(String, Value)> = self.job.vars.clone().into_iter().collect();
        for (name, values) in self.job.matrix.iter().rev() {
            let length = values.len().max(1) as u64;
            let index = usize::try_from(rest % length).unwrap_or(0);
            rest /= length;
            pairs.extend(values.get(index).map(|value| (name.clone(), value.clone())));
        }
        RowStep::Row(RowEntries {
            entries: self.job.entries.clone(),
            layer: Arc::clone(&self.job.layer),
            variables: self.job.has_templates().then(|| variables(pairs)),
            templated: true,
        })
    }
}

/// Reads one job; `None` where no row of it can be made.
pub(crate) fn read(
    mut section: Section,
    shared: &mut DocumentContext<'_>,
    problems: &mut Vec<Problem>,
) -> Option<RowSource> {
    let before = problems.len();
    let vars = section.table("vars", problems);
    let axes = section.table("matrix", problems);
    let names: Vec<String> = vars.keys().chain(axes.keys()).cloned().collect();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let matrix = matrix(&section, axes, problems);
    check_variables(&section, &vars, &matrix, problems);
    let rows = rows(&section, &matrix, shared, problems);
    let plan = ColumnPlan { names: Arc::clone(&shared.names), ..ColumnPlan::default() };
    let entries = flatten(section.values, &plan, &section.layer, problems);
    let defaults: Vec<_> = shared.defaults.iter().cloned().collect();
    let mut templates = Templates::new();
    let mut texts = Vec::new();
    let has_templates = !names.is_empty();
    if !has_templates {
        warn_of_names(&entries, &section.layer, problems);
    }
    for entry in entries.iter().filter(|_| has_templates) {
        compile(entry, &section.layer, &known, &mut templates, &mut texts, problems);
    }
    for default in defaults.iter().filter(|_| has_templates) {
        for entry in default.entries.iter().filter(|entry| !entries.iter().any(|own| own.target == entry.target)) {
            compile(entry, &default.layer, &known, &mut templates, &mut texts, problems);
        }
    }
    if problems[before..].iter().any(|problem| problem.severity == reelq_model::Severity::Error) {
        return None;
    }
    warn_of_unused(&section.layer, &matrix, &texts, problems);
    let job = JobTemplate { layer: section.layer, entries, vars, matrix, rows };
    Some(RowSource { content: SourceContent::Job(Arc::new(job)), defaults, templates: Arc::new(templates) })
}

fn matrix(section: &Section, table: Map<String, Value>, problems: &mut Vec<Problem>) -> Vec<(String, Vec<Value>)> {
    let mut axes = Vec::new();
    for (name, value) in table {
        match value {
            Value::Array(values) if !values.is_empty() => axes.push((name, values)),
            Value::Array(_) => {
                let key = format!("matrix.{name}");
                let problem = section.layer.field_problem(&key, format!("the matrix key `{name}` has no values"));
                problems.push(problem.with_hint("an empty list would expand to no row at all"));
            }
            other => {
                let rule = format!("the matrix key `{name}` must be a list, not {}", kind(&other));
                let hint = format!("write `{name} = [...]`, or move a single value to `vars`");
                problems.push(section.wrong(&format!("matrix.{name}"), &rule, &other).with_hint(hint));
            }
        }
    }
    axes
}

fn check_variables(
    section: &Section,
    vars: &Map<String, Value>,
    matrix: &[(String, Vec<Value>)],
    problems: &mut Vec<Problem>,
) {
    let axes = matrix.iter().map(|(name, _)| ("matrix", name));
    for (table, name) in vars.keys().map(|name| ("vars", name)).chain(axes) {
        let key = format!("{table}.{name}");
        if !is_name(name) {
            let rule = format!("`{}` cannot be the name of a variable", readable(name));
            let hint = "use letters, digits and `_`, beginning with a letter";
            problems.push(section.layer.key_problem(&key, rule).with_hint(hint));
        }
        if table == "matrix" && vars.contains_key(name) {
            let rule = format!("`{name}` stands in both vars and matrix");
            problems.push(section.layer.key_problem(&key, rule).with_hint("keep one of them"));
        }
    }
}

fn rows(
    section: &Section,
    matrix: &[(String, Vec<Value>)],
    shared: &mut DocumentContext<'_>,
    problems: &mut Vec<Problem>,
) -> u64 {
    let product = matrix.iter().try_fold(1_u64, |product, (_, values)| product.checked_mul(values.len() as u64));
    if let Some((product, room)) = product.and_then(|product| Some((product, shared.room.checked_sub(product)?))) {
        shared.room = room;
        return product;
    }
    let expands = product.map_or_else(|| "more than 2^64".to_owned(), |product| product.to_string());
    let rule =
        format!("the matrix expands to {expands} rows; a manifest may expand to {} in all", limits::EXPANDED_ROWS);
    let hint = "every key multiplies the rows by the number of its values";
    problems.push(section.layer.field_problem("matrix", rule).with_hint(hint));
    0
}

fn compile(
    entry: &FieldEntry,
    layer: &Layer,
    known: &[&str],
    templates: &mut Templates,
    texts: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) {
    let mut found = Vec::new();
    templates_in(&entry.value, &mut found);
    for text in found {
        let field = entry.target.name();
        if let Err(reason) = templates.add(text) {
            let problem = layer.field_problem(field, format!("the template is not valid: {reason}"));
            problems.push(problem.with_value(text).with_hint("to write the braces themselves: {{ \"{{\" }}"));
            continue;
        }
        texts.push(text.to_owned());
        for name in templates.unknown_names(text, known) {
            let rule = format!("the template names `{}`, which is neither in vars nor in matrix", readable(&name));
            let hint = nearest(&name, known.iter().copied()).map_or_else(
                || format!("add `{name}` to vars or matrix of this job"),
                |near| format!("did you mean `{near}`?"),
            );
            problems.push(layer.field_problem(field, rule).with_value(text).with_hint(hint));
        }
    }
}

/// A job without variables has no templates; `{{ subject }}` in it was likely meant for one.
fn warn_of_names(entries: &[FieldEntry], layer: &Layer, problems: &mut Vec<Problem>) {
    for entry in entries {
        let mut found = Vec::new();
        templates_in(&entry.value, &mut found);
        let Some(text) = found.into_iter().find(|text| names_variable(text)) else { continue };
        let rule = "the text looks like a template, but the job has neither vars nor matrix: it is sent as it stands";
        let problem = layer.field_problem(entry.target.name(), rule).with_value(text);
        problems.push(problem.with_hint("give the job `vars = { NAME = \"…\" }` if it is one").into_warning());
    }
}

fn names_variable(text: &str) -> bool {
    let mut tags = text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}"));
    tags.any(|(inside, _)| is_name(inside.trim()))
}

fn warn_of_unused(layer: &Layer, matrix: &[(String, Vec<Value>)], texts: &[String], problems: &mut Vec<Problem>) {
    for (name, values) in matrix {
        if values.len() > 1 && !texts.iter().any(|text| text.contains(name.as_str())) {
            let rule =
                format!("no template uses the matrix key `{name}`, so each row is bought {} times", values.len());
            let hint = format!("write {{{{ {name} }}}} where it belongs, or use `copies`");
            problems.push(layer.key_problem(&format!("matrix.{name}"), rule).with_hint(hint).into_warning());
        }
    }
}
