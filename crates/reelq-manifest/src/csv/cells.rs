//! Turns the records of a table into entries.

use std::{borrow::Cow, sync::Arc};

use minijinja::Value as Variable;
use reelq_forms::{CsvRecord, CsvRecords, RecordError, cell_name, content, is_cell_error, untouched};
use serde_json::Value;

use super::{
    header::open,
    plan::{ColumnPlan, CsvHeader},
    swallowed,
};
use crate::{
    Format, Problem,
    assemble::FieldEntry,
    entries::{RowEntries, RowStep},
    input::Input,
    location::{FieldSpans, Layer},
    names::{NameMeaning, RowField},
    not_utf8::not_utf8,
    template::row_variables,
};

/// A table that is being read, after its header.
#[derive(Debug)]
pub(crate) struct Table {
    input: Input,
    header: CsvHeader,
    plan: Arc<ColumnPlan>,
    records: CsvRecords,
}

impl Table {
    /// Opens the file anew and passes over its header.
    pub(crate) fn open(
        input: &Input,
        format: Format,
        header: &CsvHeader,
        plan: &Arc<ColumnPlan>,
    ) -> Result<Self, Box<Problem>> {
        let (mut records, _) = open(input, format)?;
        for _ in 0..header.records {
            records.next().map_err(|error| input.unreadable(&error))?;
        }
        Ok(Self { input: input.clone(), header: header.clone(), plan: Arc::clone(plan), records })
    }

    /// Reads on to the next row that is not empty.
    pub(crate) fn next(&mut self, problems: &mut Vec<Problem>) -> RowStep {
        loop {
            let record = match self.records.next() {
                Ok(Some(record)) => record,
                Ok(None) => return RowStep::End,
                Err(error) => {
                    problems.push(*self.input.unreadable(&error));
                    return RowStep::End;
                }
            };
            if is_empty(&record, self.header.separator) {
                continue;
            }
            match self.read(&record, problems) {
                RowStep::Left => {}
                step => return step,
            }
        }
    }

    fn read(&self, record: &CsvRecord, problems: &mut Vec<Problem>) -> RowStep {
        let text = match std::str::from_utf8(&record.raw) {
            Ok(text) => text,
            Err(error) => {
                problems.push(not_utf8(&self.input.path, &record.raw, record.offset, record.line, error));
                return RowStep::Bad;
            }
        };
        let layer = self.layer(record, text);
        if let Some(problem) = self.misshapen(record, &layer) {
            problems.push(problem);
            return RowStep::Bad;
        }
        if self.is_header(record, text) {
            let problem = layer.problem(layer.whole.clone(), "the header line stands here once more, and is left out");
            problems.push(problem.with_hint("two files were likely joined").into_warning());
            return RowStep::Left;
        }
        let variables = self.variables(record, text);
        if let (Some(filter), Some(variables)) = (&self.plan.filter, &variables) {
            match filter.keeps(variables, &layer) {
                Ok(true) => {}
                Ok(false) => return RowStep::Left,
                Err(problem) => {
                    problems.push(*problem);
                    return RowStep::Bad;
                }
            }
        }
        let before = problems.len();
        let entries = self.entries(record, text, &layer, problems);
        if problems.len() > before {
            return RowStep::Bad;
        }
        problems.extend(swallowed::warning(record, &layer, &self.header));
        RowStep::Row(RowEntries { entries, layer: Arc::new(layer), variables, templated: false })
    }

    fn is_header(&self, record: &CsvRecord, text: &str) -> bool {
        let named = |(cell, name): (&std::ops::Range<usize>, &String)| content(&text[cell.clone()]).trim() == name;
        self.header.records > 0
            && record.cells.len() >= self.header.written.len()
            && record.cells.iter().zip(self.header.written.iter()).all(named)
    }

    fn variables(&self, record: &CsvRecord, text: &str) -> Option<Variable> {
        let wanted = self.plan.filter.is_some() || self.plan.has_templates;
        wanted.then(|| {
            let cells = record.cells.iter().map(|cell| Value::String(content(&text[cell.clone()]).into_owned()));
            row_variables(self.header.written.iter().cloned().zip(cells))
        })
    }

    fn layer(&self, record: &CsvRecord, text: &str) -> Layer {
        let (columns, is_sheet) = (Arc::clone(&self.header.names), self.input.is_sheet);
        let fields = FieldSpans::Cells { columns, ranges: record.cells.clone().into(), is_sheet };
        let whole = 0..text.find(['\n', '\r']).unwrap_or(text.len());
        Layer { file: Arc::clone(&self.input.path), text: Arc::from(text), line: record.line, whole, fields }
    }

    fn misshapen(&self, record: &CsvRecord, layer: &Layer) -> Option<Problem> {
        if let Some(fault) = record.faults.first() {
            return Some(faulty(fault, layer));
        }
        let (have, want) = (record.cells.len(), self.header.written.len());
        let is_empty = |cell: &std::ops::Range<usize>| content(&layer.text[cell.clone()]).is_empty();
        // A sheet's row ends with its last cell that holds something; other programs write empty ones behind it.
        if have == want
            || (have < want && self.input.is_sheet)
            || (have > want && record.cells[want..].iter().all(is_empty))
        {
            return None;
        }
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let rule =
            format!("the row has {have} cell{}, but the header names {want} column{}", plural(have), plural(want));
        let separator = char::from(self.header.separator);
        let hint = if have > want {
            format!("put a text that holds a `{}` into double quotes", separator.escape_default())
        } else {
            format!("write a `{}` for every column, also where cells are empty", separator.escape_default())
        };
        let at = record.cells.get(want).cloned().unwrap_or_else(|| layer.whole.clone());
        Some(layer.problem(at, rule).with_hint(hint))
    }

    fn entries(&self, record: &CsvRecord, text: &str, layer: &Layer, problems: &mut Vec<Problem>) -> Vec<FieldEntry> {
        let mut entries = Vec::with_capacity(record.cells.len());
        for ((cell, target), written) in record.cells.iter().zip(&*self.header.targets).zip(&*self.header.written) {
            let raw = &text[cell.clone()];
            let content = content(raw);
            if content.is_empty() {
                continue;
            }
            if self.input.is_sheet && is_cell_error(&content) && target.as_ref().is_some_and(RowField::is_asked) {
                problems.push(self.formula_error(entries_column(record, cell), record.line, cell, &content, layer));
                continue;
            }
            match target {
                Some(target) => match value(target, raw, content) {
                    Ok(value) => self.spread(target, value, layer, &mut entries, problems),
                    Err(fault) => problems.push(bad_json(target, raw, &fault, layer)),
                },
                // A table of numbers and names: what pandas and R write first.
                None if written.is_empty() && cell.start == 0 => {}
                None if written.is_empty() => {
                    let rule = "a cell stands below a column without a name";
                    let problem = layer.problem(cell.clone(), rule).with_value(&content);
                    problems.push(problem.with_hint("name the column in the header line, or empty the cell"));
                }
                None => {}
            }
        }
        entries
    }

    /// What a formula could not tell is not bought.
    fn formula_error(
        &self,
        column: usize,
        row: u64,
        cell: &std::ops::Range<usize>,
        content: &str,
        layer: &Layer,
    ) -> Problem {
        let rule = format!("the cell `{}` holds `{content}`, the error of a formula", cell_name(row, column));
        let name = self.header.names.get(column - 1).and_then(Option::as_deref).unwrap_or_default();
        let problem = layer.problem(cell.clone(), rule).with_field(name).with_value(content);
        problem.with_hint("mend the formula, and save the workbook again")
    }

    /// Takes a cell apart that holds a JSON object for a parent of dotted fields.
    fn spread(
        &self,
        target: &RowField,
        value: Value,
        at: &Layer,
        into: &mut Vec<FieldEntry>,
        problems: &mut Vec<Problem>,
    ) {
        let RowField::Field(name) = target else {
            into.push(FieldEntry { target: target.clone(), value });
            return;
        };
        match (self.plan.names.key(name), value) {
            (NameMeaning::Parent, Value::Object(object)) => {
                for (key, value) in object {
                    let path = format!("{name}.{key}");
                    match self.plan.names.key(&path) {
                        NameMeaning::Field(target) => once(FieldEntry { target, value }, at, into, problems),
                        _ => problems.push(crate::jsonl::unknown_key(at, name, &path, &self.plan)),
                    }
                }
            }
            (NameMeaning::Parent, other) => {
                let rule = format!("{name} must be a JSON object such as {{\"key\": true}}");
                let hint = format!("or give each part its own column, for example `{name}.key`");
                let problem = at.field_problem(name, rule).with_value(&crate::assemble::plain(&other));
                problems.push(problem.with_hint(hint));
            }
            (_, value) => once(FieldEntry { target: target.clone(), value }, at, into, problems),
        }
    }
}

/// Which column a cell stands in, from 1.
fn entries_column(record: &CsvRecord, cell: &std::ops::Range<usize>) -> usize {
    record.cells.iter().position(|other| other == cell).map_or(1, |index| index + 1)
}

/// Adds an entry, unless a column and the object in another one's cell give the same field.
fn once(entry: FieldEntry, at: &Layer, into: &mut Vec<FieldEntry>, problems: &mut Vec<Problem>) {
    let name = entry.target.name();
    if name.contains('.') && into.iter().any(|other| other.target == entry.target) {
        let problem = at.field_problem(name, format!("`{name}` is given twice, by two columns"));
        problems.push(problem.with_value(&crate::assemble::plain(&entry.value)).with_hint("keep one of them"));
        return;
    }
    into.push(entry);
}

fn is_empty(record: &CsvRecord, separator: u8) -> bool {
    record.raw.iter().all(|byte| *byte == separator || byte.is_ascii_whitespace())
        || record.cells.iter().all(|cell| record.raw[cell.clone()].trim_ascii() == b"\"\"")
}

/// What a cell's content means for the part of the row that it is for.
pub(crate) fn value(target: &RowField, raw: &str, content: Cow<'_, str>) -> Result<Value, serde_json::Error> {
    match target {
        RowField::Passthrough(_) => Ok(Value::String(untouched(raw).into_owned())),
        RowField::Field(name) if !is_prose(name) && looks_like_json(&content) => crate::jsonl::parse(&content),
        _ => Ok(Value::String(content.into_owned())),
    }
}

/// Prompts are taken as they are: `[Pan left]` in one is a camera tag, not a list.
fn is_prose(field: &str) -> bool {
    field.rsplit('.').next().is_some_and(|last| last.ends_with("prompt"))
}

fn looks_like_json(text: &str) -> bool {
    let text = text.trim();
    if text.starts_with('{') {
        return true;
    }
    let Some(inside) = text.strip_prefix('[') else { return false };
    let inside = inside.trim_start();
    inside.starts_with(['"', '[', '{', ']', '-']) || inside.starts_with(|c: char| c.is_ascii_digit())
}

fn bad_json(target: &RowField, raw: &str, fault: &serde_json::Error, layer: &Layer) -> Problem {
    let rule = format!("the cell looks like JSON, but is not: {}", crate::jsonl::message(fault));
    let hint = "lists are written [\"a\", \"b\"], and every double quote is doubled inside a quoted cell";
    layer.field_problem(target.name(), rule).with_value(&content(raw)).with_hint(hint)
}

fn faulty(fault: &RecordError, layer: &Layer) -> Problem {
    match fault {
        RecordError::Unclosed(at) => layer
            .problem(*at..at + 1, "a quote is opened here and never closed")
            .with_hint("close the cell with a double quote; a quote inside a quoted cell is written twice"),
        RecordError::AfterQuote(at) => layer
            .problem(*at..at + 1, "text follows a closing quote")
            .with_hint("a double quote inside a quoted cell is written twice: \"he said \"\"go\"\"\""),
        RecordError::TooLong => layer
            .problem(0..0, "the row is longer than 1 MiB")
            .with_hint("name images by path or address instead of pasting them; or is a quote left open?"),
    }
}
