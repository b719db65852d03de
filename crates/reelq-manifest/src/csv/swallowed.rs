//! Cells that likely hold whole rows, because a stray quote opens them.

use reelq_forms::{CsvRecord, content};

use super::plan::CsvHeader;
use crate::{Problem, location::Layer};

/// Warns of a cell of several lines of which some look like rows of this very table: they would be bought as one text.
pub(super) fn warning(record: &CsvRecord, layer: &Layer, header: &CsvHeader) -> Option<Problem> {
    let columns = header.written.len();
    if columns < 2 {
        return None;
    }
    let (index, rows) = record.cells.iter().enumerate().find_map(|(index, cell)| {
        let raw = &layer.text[cell.clone()];
        let rows = if raw.contains('\n') { rows_in(&content(raw), header.separator, columns) } else { 0 };
        (rows > 0).then_some((index, rows))
    })?;
    let (plural, verb) = if rows == 1 { ("", "looks") } else { ("s", "look") };
    let rule = format!("a cell holds {rows} line{plural} that {verb} like rows of the table");
    let name = header.written.get(index).map(String::as_str).unwrap_or_default();
    let hint =
        "a quote that opens the cell may be a stray one: then these rows are part of one text, and are not bought";
    Some(layer.problem(record.cells[index].clone(), rule).with_field(name).with_hint(hint).into_warning())
}

/// Lines after the first one that have a cell for each column, the first of them a single word.
fn rows_in(text: &str, separator: u8, columns: usize) -> usize {
    let separator = char::from(separator);
    let is_row = |line: &&str| {
        let first = line.split(separator).next().unwrap_or_default();
        line.matches(separator).count() + 1 == columns && !first.is_empty() && !first.contains(char::is_whitespace)
    };
    text.lines().skip(1).filter(is_row).count()
}
