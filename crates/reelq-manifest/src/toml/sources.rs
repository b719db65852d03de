//! `[[sources]]`: files of rows with their own defaults, column map and filter.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use serde_json::Value;

use super::{context::DocumentContext, section::Section};
use crate::{
    Format, Problem,
    cli_defaults::gives_prompt,
    csv::ColumnPlan,
    entries::Defaults,
    input::Input,
    jsonl::flatten,
    names::NameMeaning,
    options::ReadingOptions,
    source::{RowSource, SourceContent},
    template::{Filter, Templates, templates_in},
};

const KEYS: [&str; 11] =
    ["path", "format", "defaults", "columns", "filter", "where", "ignore", "carry", "sheet", "encoding", "header"];

/// Reads one source; `None` where its rows cannot be read.
pub(crate) fn read(
    mut section: Section,
    shared: &DocumentContext<'_>,
    problems: &mut Vec<Problem>,
    told: &mut Vec<String>,
) -> Option<RowSource> {
    let before = problems.len();
    let path = section.text("path", problems);
    if path.is_none() && problems.len() == before {
        let problem = section.layer.problem(section.layer.whole.clone(), "the source has no `path`");
        problems.push(problem.with_hint("name a file of rows, relative to the manifest").with_field("path"));
    }
    let named_format = section.text("format", problems);
    let options = options(&mut section, problems);
    let columns = columns(&mut section, shared, problems);
    let filter = filter(&mut section, problems);
    let (defaults, templates) = defaults(&mut section, shared, problems);
    section.refuse_rest("[[sources]]", &KEYS, problems);
    let path = path?;
    if shared.input.is_memory() {
        problems.push(section.layer.field_problem("path", "a manifest from memory cannot pull in files"));
        return None;
    }
    let folder = shared.input.path.parent().unwrap_or(Path::new(""));
    let input = match Input::file(&folder.join(&path)).recognised(&options) {
        Ok(input) => input,
        Err(problem) => {
            problems.push(at_path(&section, *problem));
            return None;
        }
    };
    let format = format(&section, &input, named_format, problems)?;
    let has_templates = defaults.iter().flat_map(|defaults| &defaults.entries).any(|entry| {
        let mut found = Vec::new();
        templates_in(&entry.value, &mut found);
        !found.is_empty()
    });
    let needs_prompt = !shared.has_prompt && !defaults.iter().any(|defaults| gives_prompt(&defaults.entries));
    let plan = ColumnPlan {
        columns: Arc::new(columns),
        filter,
        has_templates,
        ..ColumnPlan::of_options(&shared.names, &options, needs_prompt)
    };
    match SourceContent::of_file(input, format, plan, &options, problems, told) {
        Ok(content) => Some(RowSource { content, defaults, templates: Arc::new(templates) }),
        Err(problem) => {
            problems.push(at_path(&section, *problem));
            None
        }
    }
}

/// How the file is to be read, as flags say it of a file that is the manifest itself.
fn options(section: &mut Section, problems: &mut Vec<Problem>) -> ReadingOptions {
    let has_header = section.flag("header", problems).unwrap_or(true);
    ReadingOptions {
        ignore: section.texts("ignore", problems).into_iter().collect(),
        carry: section.texts("carry", problems).into_iter().collect(),
        sheet: section.text("sheet", problems),
        encoding: section.text("encoding", problems),
        has_no_header: !has_header,
        ..ReadingOptions::default()
    }
}

/// Puts a problem with a file as a whole to where the file is named.
fn at_path(section: &Section, problem: Problem) -> Problem {
    if problem.line.is_some() {
        return problem;
    }
    let rule = format!("{}: {}", problem.file.display(), problem.rule);
    let hint = problem.hint;
    let mut problem = section.layer.field_problem("path", rule);
    problem.hint = hint;
    problem
}

fn format(section: &Section, input: &Input, named: Option<String>, problems: &mut Vec<Problem>) -> Option<Format> {
    let format = if let Some(word) = named {
        Format::from_word(&word).ok_or(word)
    } else {
        match sniff(input) {
            Ok(format) => Ok(format),
            Err(problem) => {
                problems.push(at_path(section, *problem));
                return None;
            }
        }
    };
    match format {
        Ok(Format::Toml) => {
            let problem = section.layer.field_problem("path", "a source cannot be a TOML manifest itself");
            problems.push(problem.with_hint("pull in a file of rows, or copy its [[jobs]] here"));
            None
        }
        Ok(format) => Some(format),
        Err(word) => {
            let rule = format!("format must be {}", Format::WORDS);
            problems.push(section.wrong("format", &rule, &Value::String(word)));
            None
        }
    }
}

fn sniff(input: &Input) -> Result<Format, Box<Problem>> {
    Ok(Format::detect(&input.path, &input.start()?))
}

fn columns(
    section: &mut Section,
    shared: &DocumentContext<'_>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, String> {
    let mut columns = BTreeMap::new();
    for (column, value) in section.table("columns", problems) {
        let key = format!("columns.{column}");
        let Value::String(name) = value else {
            let rule = format!("the column `{column}` must be mapped to the name of a field");
            problems.push(section.wrong(&key, &rule, &value));
            continue;
        };
        if matches!(shared.names.key(&name), NameMeaning::Field(_)) {
            columns.insert(column, name);
            continue;
        }
        let rule = format!("the column `{column}` is mapped to `{name}`, which is no known field");
        let hint = match shared.names.nearest(&name) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("to carry it through, map it to `x_{name}`"),
        };
        problems.push(section.wrong(&key, &rule, &Value::String(name)).with_hint(hint));
    }
    columns
}

fn filter(section: &mut Section, problems: &mut Vec<Problem>) -> Option<Filter> {
    if section.values.contains_key("filter") && section.values.contains_key("where") {
        let problem = section.layer.key_problem("where", "`filter` and `where` are two names of one thing");
        problems.push(problem.with_hint("keep one; join conditions with `and`"));
        section.take("where");
    }
    let key = if section.values.contains_key("where") { "where" } else { "filter" };
    let expression = section.text(key, problems)?;
    match Filter::new(&expression, key, &section.layer) {
        Ok(filter) => Some(filter),
        Err(reason) => {
            let rule = format!("the filter is not a valid expression: {reason}");
            let hint =
                "for example filter = \"dimension == 'color'\"; `and`, `or`, `not` and `in` join such expressions";
            problems.push(section.wrong(key, &rule, &Value::String(expression)).with_hint(hint));
            None
        }
    }
}

fn defaults(
    section: &mut Section,
    shared: &DocumentContext<'_>,
    problems: &mut Vec<Problem>,
) -> (Vec<Defaults>, Templates) {
    let layer = section.inner_layer("defaults");
    let own = section.table("defaults", problems);
    let plan = ColumnPlan { names: Arc::clone(&shared.names), ..ColumnPlan::default() };
    let entries = flatten(own, &plan, &layer, problems);
    let mut all: Vec<Defaults> = shared.defaults.iter().cloned().collect();
    all.push(Defaults { entries, layer });
    let mut templates = Templates::new();
    for defaults in &all {
        for entry in &defaults.entries {
            let mut found = Vec::new();
            templates_in(&entry.value, &mut found);
            for text in found {
                if let Err(reason) = templates.add(text) {
                    let rule = format!("the template is not valid: {reason}");
                    problems.push(defaults.layer.field_problem(entry.target.name(), rule).with_value(text));
                }
            }
        }
    }
    (all, templates)
}
