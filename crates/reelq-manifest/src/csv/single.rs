//! Files of one column without a header that is known: one prompt a line, unless the first line may be the column's name.

use std::sync::Arc;

use super::{
    columns::is_known,
    first_records::Head,
    plan::{ColumnPlan, CsvHeader},
    records::{CsvRecord, content},
};
use crate::{ColumnProposal, Problem, location::Layer, names::RowField, problem::readable, proposal::is_prompt_name};

/// What is told of such a file.
pub(crate) const TOLD: &str = "the file names no column: each line is one prompt";

/// The header of such a file; `None` where it is a table.
pub(super) fn read(head: &Head, separator: u8, plan: &ColumnPlan) -> Result<Option<CsvHeader>, Box<Problem>> {
    let Some((before, record, layer)) = head.records.first() else { return Ok(None) };
    if head.records.iter().any(|(_, record, layer)| width(record, layer) > 1) || !plan.needs_prompt {
        return Ok(None);
    }
    let first = record.cells.first().map(|cell| content(&layer.text[cell.clone()]).into_owned()).unwrap_or_default();
    if is_known(&first, plan) || names_columns(&first, plan) {
        return Ok(None);
    }
    if !plan.has_no_header && is_prompt_name(&first) {
        // The table's own reading proposes it.
        return Ok(None);
    }
    if !plan.has_no_header && may_be_name(&first) && head.records.len() > 1 {
        return Err(Box::new(doubtful(layer, &first)));
    }
    let (target, name) = (Some(RowField::Field(Arc::from("prompt"))), Arc::from("prompt"));
    Ok(Some(CsvHeader {
        separator,
        written: Arc::from(["prompt".to_owned()]),
        targets: Arc::from([target]),
        names: Arc::from([Some(name)]),
        records: *before,
        told: vec![TOLD.to_owned()],
    }))
}

/// Whether each part of a line is a name, and one of them is ours or was spoken of.
pub(crate) fn names_columns(line: &str, plan: &ColumnPlan) -> bool {
    [',', ';', '\t'].into_iter().any(|separator| {
        let parts: Vec<_> = line.split(separator).map(|part| part.trim().trim_matches('"').trim()).collect();
        let is_name = |part: &&str| part.chars().count() <= 40 && part.split_whitespace().count() <= 4;
        parts.iter().all(is_name)
            && parts.iter().any(|part| is_known(part, plan))
            && (parts.len() > 1 || is_known(line.trim(), plan))
    })
}

/// Cells up to the last one that holds something.
fn width(record: &CsvRecord, layer: &Layer) -> usize {
    let holds = |cell: &std::ops::Range<usize>| !content(&layer.text[cell.clone()]).is_empty();
    record.cells.iter().rposition(holds).map_or(0, |last| last + 1)
}

/// A single short word names a column more often than it describes a film. Scripts without blanks have no such words.
pub(crate) fn may_be_name(text: &str) -> bool {
    const LONGEST: usize = 24;
    text.len() <= LONGEST && text.is_ascii() && !text.contains(char::is_whitespace) && !text.ends_with(['.', '!', '?'])
}

/// It might be bought as a prompt, or a prompt might be lost.
pub(crate) fn doubtful(layer: &Layer, first: &str) -> Problem {
    let shown = readable(first);
    let rule = format!("is `{shown}` the name of the column, or the first prompt?");
    let proposal = ColumnProposal { map: (first.to_owned(), "prompt".to_owned()), ignore: Vec::new() };
    layer
        .problem(layer.whole.clone(), rule)
        .with_hint("where it is a prompt itself, add `--no-header`")
        .with_proposal(proposal)
}
