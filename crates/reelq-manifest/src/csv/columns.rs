//! What the columns of a header mean.

use std::sync::Arc;

use reelq_model::{is_hidden, nearest};

use reelq_forms::{CsvRecord, content};

use super::plan::{ColumnPlan, CsvHeader};
use crate::{
    ColumnProposal, Problem, limits,
    location::Layer,
    names::{NameMeaning, RowField, header_form},
    problem::readable,
    shell::shell_word,
};

/// The field or key that a column means, by its name or by what was said of it.
pub(super) fn meant<'a>(name: &str, plan: &'a ColumnPlan) -> Option<std::borrow::Cow<'a, str>> {
    if let Some(mapped) = plan.columns.get(name) {
        return Some(mapped.as_str().into());
    }
    match plan.names.header(&seen(name)) {
        NameMeaning::Field(target) => Some(target.name().to_owned().into()),
        NameMeaning::Parent | NameMeaning::Unknown => None,
    }
}

/// Whether a column is one of ours, or one that something was said of.
pub(super) fn is_known(name: &str, plan: &ColumnPlan) -> bool {
    plan.names_column(name) || plan.names.header(&seen(name)) != NameMeaning::Unknown
}

/// A name without what cannot be seen: marks of byte order, characters without a width, blanks that are none.
fn seen(name: &str) -> String {
    let shown: String = name.chars().filter(|c| !is_hidden(*c)).map(|c| if c == '\u{a0}' { ' ' } else { c }).collect();
    shown.trim().to_owned()
}

/// Reads the names of a header line.
pub(super) fn interpret(
    layer: &Layer,
    record: &CsvRecord,
    separator: u8,
    plan: &ColumnPlan,
    problems: &mut Vec<Problem>,
) -> Result<CsvHeader, Box<Problem>> {
    let raw: Vec<String> =
        record.cells.iter().map(|cell| content(&layer.text[cell.clone()]).trim().to_owned()).collect();
    let written: Vec<String> = raw.iter().map(|name| seen(name)).collect();
    let mut told = Vec::new();
    let cleaned: Vec<String> =
        written.iter().zip(&raw).filter(|(seen, raw)| seen != raw).map(|(seen, _)| seen.clone()).collect();
    if !cleaned.is_empty() {
        told.push(format!("characters that cannot be seen were left out of {}", crate::proposal::quoted(&cleaned)));
    }
    if written.first().is_some_and(String::is_empty) && written.len() > 1 {
        told.push("the first column has no name, and is left out".to_owned());
    }
    if written.len() > limits::COLUMNS {
        let rule = format!("the header names {} columns; at most {} are taken", written.len(), limits::COLUMNS);
        return Err(Box::new(layer.problem(0..1, rule)));
    }
    if let Some(problem) = missing_prompt(layer, record, &written, plan) {
        return Err(Box::new(problem));
    }
    if !written.iter().any(|name| is_known(name, plan)) && plan.needs_prompt {
        return Err(Box::new(no_header(layer, record, &written, plan)));
    }
    check_plan(layer, &written, plan, problems);
    let targets = targets(layer, record, &written, plan, problems);
    let names = targets.iter().map(|target| target.as_ref().map(|target| Arc::from(target.name()))).collect();
    Ok(CsvHeader { separator, written: written.into(), targets: targets.into(), names, records: 1, told })
}

fn targets(
    layer: &Layer,
    record: &CsvRecord,
    written: &[String],
    plan: &ColumnPlan,
    problems: &mut Vec<Problem>,
) -> Vec<Option<RowField>> {
    let mut targets: Vec<Option<RowField>> = Vec::new();
    for (name, cell) in written.iter().zip(&record.cells) {
        let target = match meaning(name, plan) {
            Ok(target) => target,
            Err(near) => {
                problems.push(unknown(layer, cell, name, near));
                None
            }
        };
        let target = match target {
            Some(RowField::Passthrough(_)) => target.map(|target| apart(target, &targets)),
            other => other,
        };
        let earlier =
            target.as_ref().and_then(|target| targets.iter().position(|other| other.as_ref() == Some(target)));
        if let (Some(earlier), Some(target)) = (earlier, &target) {
            let rule = format!("two columns mean `{}`", target.name());
            problems.push(layer.problem(cell.clone(), rule).with_field(name).with_hint(format!(
                "column {} (`{}`) is the first one; leave one of them out: `--ignore COLUMN`",
                earlier + 1,
                written[earlier]
            )));
        }
        targets.push(target.filter(|_| earlier.is_none()));
    }
    targets
}

/// Two strangers of one name stay two columns.
fn apart(target: RowField, before: &[Option<RowField>]) -> RowField {
    let is_taken = |target: &RowField| before.iter().any(|other| other.as_ref() == Some(target));
    if !is_taken(&target) {
        return target;
    }
    let numbered = |number: u32| RowField::Passthrough(Arc::from(format!("{}_{number}", target.name())));
    (2..=u32::MAX).map(numbered).find(|target| !is_taken(target)).unwrap_or(target)
}

/// What a column stands for; `None` for one that is ignored or has no name; `Err` for an unknown one, with what it is near.
fn meaning<'a>(name: &str, plan: &'a ColumnPlan) -> Result<Option<RowField>, Option<&'a str>> {
    if let Some(mapped) = plan.columns.get(name) {
        return Ok(match plan.names.key(mapped) {
            NameMeaning::Field(target) => Some(target),
            NameMeaning::Parent | NameMeaning::Unknown => None,
        });
    }
    if name.is_empty() || plan.ignore.contains(name) {
        return Ok(None);
    }
    if plan.carry.contains(name) {
        return Ok(Some(RowField::carried(name)));
    }
    match plan.names.header(name) {
        NameMeaning::Field(target) => Ok(Some(target)),
        NameMeaning::Parent => Ok(Some(RowField::Field(Arc::from(header_form(name))))),
        NameMeaning::Unknown => plan.stranger(name).map(Some),
    }
}

fn unknown(layer: &Layer, cell: &std::ops::Range<usize>, name: &str, near: Option<&str>) -> Problem {
    let shown = readable(name);
    let problem = layer.problem(cell.clone(), format!("unknown column `{shown}`")).with_field(name);
    problem.with_hint(slip(&shown, near))
}

/// What to do with a name that is likely a slip.
pub(crate) fn slip(shown: &str, near: Option<&str>) -> String {
    match near {
        Some(near) => format!(
            "did you mean `{near}`? then rename it, or add `--map {}`; to carry it to the result manifest untouched: \
             `--carry {}`; to leave it out: `--ignore {}`",
            shell_word(&format!("{shown}={near}")),
            shell_word(shown),
            shell_word(shown)
        ),
        None => format!("to carry it to the result manifest untouched: `--carry {}`", shell_word(shown)),
    }
}

/// No column is the prompt, and one is likely to be: a question, with its answer.
fn missing_prompt(layer: &Layer, record: &CsvRecord, written: &[String], plan: &ColumnPlan) -> Option<Problem> {
    let is_prompt = |name: &String| meant(name, plan).is_some_and(|field| field == "prompt");
    if !plan.needs_prompt || written.iter().any(is_prompt) {
        return None;
    }
    let strangers = written.iter().filter(|name| !name.is_empty() && !is_known(name, plan)).map(String::as_str);
    let proposal = ColumnProposal::of_prompts(strangers)?;
    let at = written.iter().position(|name| *name == proposal.map.0)?;
    let rule = format!("no column is called `prompt`; the likeliest is `{}`", readable(&proposal.map.0));
    let problem = layer.problem(record.cells.get(at).cloned().unwrap_or(0..0), rule);
    Some(problem.with_field(&proposal.map.0).with_proposal(proposal))
}

fn no_header(layer: &Layer, record: &CsvRecord, written: &[String], plan: &ColumnPlan) -> Problem {
    let first = record.cells.first().cloned().unwrap_or(0..0);
    let near = written.iter().find_map(|name| plan.names.nearest(name));
    let example = "the first line must name the columns, for example `id,prompt,duration`; a file of one prompt a line \
                   is called `.txt`";
    let hint = match near {
        Some(near) => format!("did you mean `{near}`? {example}"),
        // A number is no name: what stands there is a row.
        None if written.iter().any(|name| name.parse::<f64>().is_ok()) => example.to_owned(),
        None => {
            let named = written.iter().filter(|name| !name.is_empty()).take(3);
            let maps: Vec<_> = named.map(|name| format!("`--map {}`", shell_word(&format!("{name}=prompt")))).collect();
            format!("{example}; or say which column is the prompt: {}", maps.join(" or "))
        }
    };
    layer.problem(first, "the first line names no known column: is the header missing?").with_hint(hint)
}

/// Checks that the columns that were mapped, carried or ignored are there.
fn check_plan(layer: &Layer, written: &[String], plan: &ColumnPlan, problems: &mut Vec<Problem>) {
    let mapped = plan.columns.keys().map(|name| ("map", name));
    let carried = plan.carry.iter().filter(|name| *name != "all").map(|name| ("carry", name));
    let ignored = plan.ignore.iter().map(|name| ("ignore", name));
    for (list, name) in mapped.chain(carried).chain(ignored).filter(|(_, name)| !written.contains(name)) {
        let rule = format!("`{list}` names the column `{name}`, which this file does not have");
        let near = nearest(name, written.iter().map(String::as_str));
        let hint = near.map_or_else(
            || format!("its columns are {}", written.join(", ")),
            |near| format!("did you mean `{near}`? names are compared letter by letter"),
        );
        problems.push(layer.problem(0..layer.text.len(), rule).with_field(name).with_hint(hint));
    }
}
