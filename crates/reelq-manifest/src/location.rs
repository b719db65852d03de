//! Locations: from a byte range of a piece of a file to line, column and excerpt.
//!
//! Rows keep only their own text and the ranges of their fields; lines and columns are worked out when a problem asks.

use std::{collections::BTreeMap, ops::Range, path::Path, sync::Arc};

use reelq_forms::newlines;
use reelq_model::visible_char;

use crate::{Excerpt, Problem, jsonl};

/// A piece of a file that fields stand in: a CSV record, a JSON line, a whole TOML file.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) file: Arc<Path>,
    pub(crate) text: Arc<str>,
    /// The physical line on which `text` begins.
    pub(crate) line: u64,
    /// What to show where a field is missing or the row as a whole is meant.
    pub(crate) whole: Range<usize>,
    pub(crate) fields: FieldSpans,
}

/// The span of each field in the text of a layer.
#[derive(Debug, Clone)]
pub(crate) enum FieldSpans {
    /// Nothing but the whole.
    None,
    /// One range a column; `None` for columns that mean nothing.
    Cells { columns: Arc<[Option<Arc<str>>]>, ranges: Box<[Range<usize>]>, is_sheet: bool },
    /// Found by scanning the line again when asked; file keys are renamed as the map says.
    Json { columns: Arc<BTreeMap<String, String>> },
    /// Key and value of each dotted name.
    Keys(Arc<BTreeMap<String, KeySpan>>),
}

/// The spans of a key and of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeySpan {
    pub(crate) key: Range<usize>,
    pub(crate) value: Range<usize>,
}

impl Layer {
    /// A layer without known fields.
    pub(crate) fn plain(file: &Arc<Path>, text: &str, line: u64) -> Self {
        let text: Arc<str> = Arc::from(text);
        Self { file: Arc::clone(file), line, whole: 0..text.len(), text, fields: FieldSpans::None }
    }

    /// A problem with a byte range of the text.
    pub(crate) fn problem(&self, at: Range<usize>, rule: impl Into<String>) -> Problem {
        let (mut line, mut column, excerpt) = locate(&self.text, self.line, &at);
        // A row of a sheet is one line, and its columns are what the sheet has.
        if let FieldSpans::Cells { ranges, is_sheet: true, .. } = &self.fields {
            let cell = ranges.iter().position(|cell| cell.start <= at.start && at.start <= cell.end);
            (line, column) = (self.line, cell.map_or(1, |index| index as u64 + 1));
        }
        let mut problem = Problem::of_file(&self.file, rule);
        (problem.line, problem.column, problem.excerpt) = (Some(line), Some(column), Some(excerpt));
        problem
    }

    /// A problem with the value of a field, or with the whole where it does not stand here.
    pub(crate) fn field_problem(&self, field: &str, rule: impl Into<String>) -> Problem {
        let at = self.value_of(field).unwrap_or_else(|| self.whole.clone());
        self.problem(at, rule).with_field(field)
    }

    /// A problem with a key itself.
    pub(crate) fn key_problem(&self, key: &str, rule: impl Into<String>) -> Problem {
        let at = self.spans().and_then(|spans| spans.get(key).map(|span| span.key.clone()));
        let at = at.or_else(|| self.value_of(key)).unwrap_or_else(|| self.whole.clone());
        self.problem(at, rule).with_field(key)
    }

    fn spans(&self) -> Option<Arc<BTreeMap<String, KeySpan>>> {
        match &self.fields {
            FieldSpans::Json { columns } => Some(Arc::new(jsonl::spans(&self.text, columns))),
            FieldSpans::Keys(spans) => Some(Arc::clone(spans)),
            FieldSpans::None | FieldSpans::Cells { .. } => None,
        }
    }

    fn value_of(&self, field: &str) -> Option<Range<usize>> {
        if let FieldSpans::Cells { columns, ranges, .. } = &self.fields {
            let position = |name: &str| columns.iter().position(|column| column.as_deref() == Some(name));
            return around(field).find_map(position).and_then(|index| ranges.get(index).cloned());
        }
        let spans = self.spans()?;
        let inside = || {
            let children = format!("{field}.");
            spans.iter().find(|(name, _)| name.starts_with(&children)).map(|(_, span)| span)
        };
        around(field).find_map(|name| spans.get(name)).or_else(inside).map(|span| span.value.clone())
    }
}

/// The name itself, then the names that enclose it: `extra.list[0]`, `extra.list`, `extra`.
fn around(field: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(field), |name| name.rfind(['.', '[']).map(|end| &name[..end]))
}

fn locate(text: &str, first_line: u64, at: &Range<usize>) -> (u64, u64, Excerpt) {
    let mut start = at.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let before = &text[..start];
    let line_start = before.rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
    let line_end = text[start..].find(['\n', '\r']).map_or(text.len(), |length| start + length);
    let column = text[line_start..start].chars().count() as u64 + 1;
    let length = at.end.clamp(start, line_end) - start;
    (first_line + newlines(before), column, cut(&text[line_start..line_end], start - line_start, length))
}

/// Cuts a long line around the location and hides control characters, which could redraw a terminal.
fn cut(line: &str, offset: usize, length: usize) -> Excerpt {
    const BEFORE: usize = 60;
    const AFTER: usize = 100;
    let (before, rest) = line.split_at(offset);
    let (span, after) = rest.split_at(floor(rest, length));
    let skipped = before.chars().count().saturating_sub(BEFORE);
    let mut text = if skipped > 0 { "…".to_owned() } else { String::new() };
    text.extend(before.chars().skip(skipped).map(visible_char));
    let offset = text.len();
    text.extend(span.chars().take(AFTER).map(visible_char));
    let length = text.len() - offset;
    let room = AFTER.saturating_sub(span.chars().count());
    text.extend(after.chars().take(room).map(visible_char));
    if rest.chars().nth(AFTER).is_some() {
        text.push('…');
    }
    Excerpt { text, offset, length }
}

fn floor(text: &str, mut index: usize) -> usize {
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

/// The spans of the fields of a row: in its own text, else in the defaults that it took them from.
#[derive(Debug, Clone)]
pub struct Spans {
    pub(crate) layers: Vec<Arc<Layer>>,
}

impl Spans {
    fn holder(&self, field: &str) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.value_of(field).is_some()).map(AsRef::as_ref)
    }

    /// The file that gave `field` its value, or the row's own file.
    pub(crate) fn file_of(&self, field: &str) -> Option<&Path> {
        self.holder(field).or_else(|| self.layers.first().map(AsRef::as_ref)).map(|layer| &*layer.file)
    }

    pub(crate) fn own(&self) -> Option<&Layer> {
        self.layers.first().map(AsRef::as_ref)
    }

    /// A problem with a field, or with the row as a whole.
    pub(crate) fn problem(&self, field: Option<&str>, rule: &str) -> Problem {
        let own = self.own();
        let found = match field {
            Some(field) => self.holder(field).or(own).map(|layer| layer.field_problem(field, rule)),
            None => own.map(|layer| layer.problem(layer.whole.clone(), rule)),
        };
        found.unwrap_or_else(|| Problem::of_file(Path::new(""), rule))
    }
}
