//! Reads the document and lays out its sources in the order of the file.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use reelq_model::nearest;
use toml_edit::{Document, Item, TableLike};

use super::{
    context::DocumentContext,
    head, jobs,
    section::{Section, TomlText},
    sources,
};
use crate::{
    ManifestHead, Problem, Vocabulary, cli_defaults::OuterDefaults, csv::ColumnPlan, entries::Defaults, input::Input,
    jsonl::flatten, limits, location::Layer, names::Names, source::RowSource,
};

const SECTIONS: [&str; 4] = ["batch", "defaults", "jobs", "sources"];

/// Reads a TOML manifest; `Err` where it is no TOML.
pub(crate) fn read(
    input: &Input,
    vocabulary: &Vocabulary,
    outer: &OuterDefaults,
    problems: &mut Vec<Problem>,
    told: &mut Vec<String>,
) -> Result<(ManifestHead, Vec<RowSource>), Box<Problem>> {
    let hint = "put the rows into a CSV or JSONL file and pull it in with [[sources]]";
    let text = input.text("a TOML manifest", hint)?;
    if text.trim().is_empty() {
        let hint = "a manifest needs at least one [[jobs]] or [[sources]]";
        return Err(Box::new(Problem::of_file(&input.path, "the file is empty").with_hint(hint)));
    }
    let source = TomlText { file: Arc::clone(&input.path), text: Arc::from(text.as_str()) };
    let document = Document::parse(text).map_err(|error| not_toml(&source, &error))?;
    let root = document.as_table();
    unknown_sections(&source, root, problems);

    let head = section(&source, root, "batch", problems);
    let head = head.map_or_else(ManifestHead::default, |section| head::read(section, vocabulary, problems));
    let names = Arc::new(Names::new(vocabulary, &head.passthrough));
    let plan = ColumnPlan { names: Arc::clone(&names), ..ColumnPlan::default() };
    let defaults = section(&source, root, "defaults", problems).map(|section| {
        let entries = flatten(section.values, &plan, &section.layer, problems);
        Defaults { entries, layer: section.layer }
    });

    let has_prompt = outer.give_prompt();
    let mut shared = DocumentContext { input, names, defaults, has_prompt, room: limits::EXPANDED_ROWS };
    let mut sources = Vec::new();
    for (is_job, table, at) in tables(&source, root, problems) {
        let section = source.section(table, at, problems);
        let row_source = if is_job {
            jobs::read(section, &mut shared, problems)
        } else {
            sources::read(section, &shared, problems, told)
        };
        sources.extend(row_source);
    }
    Ok((with_columns(head, &sources), sources))
}

fn with_columns(mut head: ManifestHead, sources: &[RowSource]) -> ManifestHead {
    for name in sources.iter().flat_map(|row_source| row_source.content.passthrough()) {
        if !head.passthrough.contains(&name) {
            head.passthrough.push(name);
        }
    }
    head
}

fn not_toml(source: &TomlText, error: &toml_edit::TomlError) -> Box<Problem> {
    let at = error.span().unwrap_or(0..0);
    let layer = source.layer(at.clone(), BTreeMap::new());
    let message = error.message().trim().replace('\n', "; ");
    Box::new(layer.problem(at, format!("the file is not valid TOML: {message}")))
}

fn unknown_sections(source: &TomlText, root: &dyn TableLike, problems: &mut Vec<Problem>) {
    for (name, _) in root.iter().filter(|(name, _)| !SECTIONS.contains(name)) {
        let at = root.key(name).and_then(toml_edit::Key::span).unwrap_or(0..0);
        let layer: Layer = source.layer(at.clone(), BTreeMap::new());
        let shown = crate::problem::readable(name);
        let near = nearest(name, SECTIONS.iter().copied());
        let hint = near.map_or_else(
            || "a manifest has [batch], [defaults], [[jobs]] and [[sources]]; put the key under one of them".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        problems.push(layer.problem(at, format!("unknown section or key `{shown}`")).with_field(name).with_hint(hint));
    }
}

fn section(source: &TomlText, root: &dyn TableLike, name: &str, problems: &mut Vec<Problem>) -> Option<Section> {
    let item = root.get(name)?;
    let at = span_of(root, name, item);
    if let Some(table) = item.as_table_like() {
        return Some(source.section(table, at, problems));
    }
    let problem = source.layer(at.clone(), BTreeMap::new()).problem(at, format!("`{name}` must be a section"));
    problems.push(problem.with_field(name).with_hint(format!("write [{name}] on a line of its own")));
    None
}

fn span_of(table: &dyn TableLike, name: &str, item: &Item) -> Range<usize> {
    item.span().or_else(|| table.key(name).and_then(toml_edit::Key::span)).unwrap_or(0..0)
}

/// The jobs and sources in the order in which they stand.
fn tables<'a>(
    source: &TomlText,
    root: &'a dyn TableLike,
    problems: &mut Vec<Problem>,
) -> Vec<(bool, &'a dyn TableLike, Range<usize>)> {
    let mut found: Vec<(bool, &dyn TableLike, Range<usize>)> = Vec::new();
    for (name, is_job) in [("jobs", true), ("sources", false)] {
        let Some(item) = root.get(name) else { continue };
        let at = span_of(root, name, item);
        if let Some(tables) = item.as_array_of_tables() {
            let tables =
                tables.iter().map(|table| (is_job, table as &dyn TableLike, table.span().unwrap_or(at.clone())));
            found.extend(tables);
        } else if let Some(items) = item.as_array().filter(|items| items.iter().all(toml_edit::Value::is_inline_table))
        {
            let tables = items.iter().filter_map(|item| {
                let table = item.as_inline_table()?;
                Some((is_job, table as &dyn TableLike, table.span().unwrap_or(at.clone())))
            });
            found.extend(tables);
        } else {
            let rule = format!("`{name}` must be a list of tables");
            let problem = source.layer(at.clone(), BTreeMap::new()).problem(at, rule).with_field(name);
            problems.push(problem.with_hint(format!("write [[{name}]], with two brackets, before each of them")));
        }
    }
    found.sort_by_key(|(_, _, at)| at.start);
    found
}
