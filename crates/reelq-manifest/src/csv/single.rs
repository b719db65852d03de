//! Files of one column without a header that is known: one prompt a line, unless the first line may be the column's name.

use std::sync::Arc;

use reelq_forms::{CsvRecord, content};

use super::{
    columns::is_known,
    first_records::Head,
    plan::{ColumnPlan, CsvHeader},
};
use crate::{ColumnProposal, Problem, location::Layer, names::RowField, problem::readable, proposal::is_prompt_name};

/// What is told of such a file.
pub(crate) const TOLD: &str = "the file names no column: each line is one prompt";

/// The header of such a file; `None` where it is a table.
pub(super) fn read(head: &Head, separator: u8, plan: &ColumnPlan) -> Result<Option<CsvHeader>, Box<Problem>> {
    let Some((before, record, layer)) = head.records.first() else { return Ok(None) };
    let is_wide = head.records.iter().any(|(_, record, layer)| width(record, layer) > 1);
    if is_wide && plan.has_no_header {
        let problem =
            layer.problem(layer.whole.clone(), "--no-header is for files of one column, and this has several");
        return Err(Box::new(problem.with_hint("name the columns in the first line")));
    }
    // Who names a column has said that the first line names them.
    if is_wide || !plan.needs_prompt || plan.names_some() {
        return Ok(None);
    }
    let first = cell(record, layer);
    if is_known(&first, plan) || names_columns(&first, plan) {
        return Ok(None);
    }
    if !plan.has_no_header && is_prompt_name(&first) {
        // The table's own reading proposes it.
        return Ok(None);
    }
    let rest: Vec<String> = head.records.iter().skip(1).map(|(_, record, layer)| cell(record, layer)).collect();
    if !plan.has_no_header && may_be_name(&first, &rest) {
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

fn cell(record: &CsvRecord, layer: &Layer) -> String {
    record.cells.first().map(|cell| content(&layer.text[cell.clone()]).into_owned()).unwrap_or_default()
}

/// Whether the parts of a line are names, of which enough are ours, or were spoken of.
pub(crate) fn names_columns(line: &str, plan: &ColumnPlan) -> bool {
    [',', ';', '\t', '，', '；', '｜', '|'].into_iter().any(|separator| {
        let parts: Vec<_> = line.split(separator).map(|part| part.trim().trim_matches('"').trim()).collect();
        let known = parts.iter().filter(|part| is_known(part, plan)).count();
        let is_name = |part: &&str| part.chars().count() <= 40 && part.split_whitespace().count() <= 4;
        let are_words = parts.iter().all(|part| !part.contains(char::is_whitespace));
        parts.iter().all(is_name)
            && known > 0
            && (known * 2 >= parts.len() || are_words)
            && (parts.len() > 1 || known == 1)
    })
}

/// Cells up to the last one that holds something.
fn width(record: &CsvRecord, layer: &Layer) -> usize {
    let holds = |cell: &std::ops::Range<usize>| !content(&layer.text[cell.clone()]).is_empty();
    record.cells.iter().rposition(holds).map_or(0, |last| last + 1)
}

/// Words of headers, in the languages in which people wrote them: none of them says that a line is no prompt.
const HEADER_WORDS: [&str; 30] = [
    "prompt",
    "prompts",
    "caption",
    "captions",
    "description",
    "descriptions",
    "text",
    "texts",
    "idea",
    "ideas",
    "scene",
    "scenes",
    "script",
    "shot",
    "shots",
    "title",
    "column",
    "name",
    "unnamed",
    "video",
    "vidéo",
    "beschreibung",
    "szene",
    "titel",
    "описание",
    "промпт",
    "промпты",
    "текст",
    "сцена",
    "descripción",
];
/// The same in scripts without blanks.
const HEADER_SIGNS: [&str; 9] = ["提示", "文案", "分镜", "描述", "文本", "标题", "脚本", "プロンプト", "프롬프트"];

/// Whether a first line may be the name of its column: a single short word, words that headers have, or much less than all
/// that follows.
pub(crate) fn may_be_name(text: &str, rest: &[String]) -> bool {
    if rest.is_empty() || text.ends_with(['.', '!', '?', ',', '。', '！', '？']) {
        return false;
    }
    let words: Vec<String> = text
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let is_word = words.len() == 1 && text.is_ascii() && text.len() <= 24;
    let is_header = words.len() <= 5 && words.iter().any(|word| HEADER_WORDS.contains(&word.as_str()));
    let is_sign = text.chars().count() <= 8 && HEADER_SIGNS.iter().any(|sign| text.contains(sign));
    let length = |text: &str| text.split_whitespace().count();
    let shortest = rest.iter().map(|text| length(text)).min().unwrap_or(0);
    let is_short = length(text) <= 3 && shortest >= length(text) * 2 + 3;
    is_word || is_header || is_sign || is_short
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
