//! Finds the header line: which separator, which line names the columns, or that none does.

use reelq_forms::{CsvRecord, CsvRecords, RecordError, content};

use super::{
    columns::{interpret, is_known, meant},
    first_records::Head,
    plan::{ColumnPlan, CsvHeader},
    single,
};
use crate::{Format, Problem, input::Input, location::Layer, not_utf8::not_utf8};

const START: usize = 64 * 1024;
/// A header may stand below so many lines of titles.
const TITLES: usize = 10;

/// Opens the file and reads its header; `Err` where no row can be read.
pub(crate) fn read_header(
    input: &Input,
    format: Format,
    plan: &ColumnPlan,
    problems: &mut Vec<Problem>,
) -> Result<CsvHeader, Box<Problem>> {
    let (mut records, separator) = open(input, format)?;
    let head = head(input, &mut records)?;
    let Some((before, record, layer)) = head.records.first() else {
        let hint = "the first line names the columns, for example `id,prompt,duration`";
        return Err(Box::new(Problem::of_file(&input.path, "the file is empty").with_hint(hint)));
    };
    check(record, layer)?;
    if let Some(header) = single::read(&head, separator, plan)? {
        return Ok(header);
    }
    let (at, titled) = match titled(&head, plan) {
        Some(index) => (index, true),
        None => (0, false),
    };
    let (skipped, record, layer) = head.records.get(at).unwrap_or(&head.records[0]);
    let mut header = interpret(layer, record, separator, plan, problems)?;
    header.records = skipped + 1;
    if titled {
        let (line, before) = (record.line, skipped - before);
        let plural = if before == 1 { "" } else { "s" };
        header.told.push(format!("the columns are named on line {line}: {before} line{plural} before it left out"));
    }
    Ok(header)
}

/// Opens the file before its header: the separator is known, a `sep=` line is taken.
pub(crate) fn open(input: &Input, format: Format) -> Result<(CsvRecords, u8), Box<Problem>> {
    let mut bytes = input.open()?;
    let start = bytes.start(START).map_err(|error| input.unreadable(&error))?;
    let declared = start.strip_prefix(b"sep=").and_then(|rest| rest.first().copied());
    let (separator, line) = match (declared, format) {
        (Some(separator), _) if !input.is_sheet => {
            bytes.line(16).map_err(|error| input.unreadable(&error))?;
            (separator, 2)
        }
        (_, Format::Tsv) => (b'\t', 1),
        (_, Format::Workbook) => (b',', 1),
        _ => (sniff(start), 1),
    };
    Ok((CsvRecords::new(bytes, separator, line).of_sheet(input.is_sheet), separator))
}

/// The separator that the first line with text uses most, outside quotes.
fn sniff(start: &[u8]) -> u8 {
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let from = start.iter().position(|byte| !is_end(byte) && *byte != b' ').unwrap_or(0);
    let mut quoted = false;
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    for byte in &start[from..] {
        quoted ^= *byte == b'"';
        if !quoted && is_end(byte) {
            break;
        }
        if let Some((_, count)) = counts.iter_mut().find(|(separator, _)| separator == byte && !quoted) {
            *count += 1;
        }
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| separator)
}

/// The records that may be the header, and some rows to tell it by; empty ones are passed over.
fn head(input: &Input, records: &mut CsvRecords) -> Result<Head, Box<Problem>> {
    let (mut found, mut before) = (Vec::new(), 0);
    while found.len() < TITLES {
        let Some(record) = records.next().map_err(|error| input.unreadable(&error))? else { break };
        if !is_blank(&record) {
            let layer = layer(input, &record)?;
            found.push((before, record, layer));
        }
        before += 1;
    }
    Ok(Head { records: found })
}

fn is_blank(record: &CsvRecord) -> bool {
    record.raw.iter().all(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"'))
}

fn layer(input: &Input, record: &CsvRecord) -> Result<Layer, Box<Problem>> {
    match std::str::from_utf8(&record.raw) {
        Ok(text) => Ok(Layer::plain(&input.path, text, record.line)),
        Err(error) => Err(Box::new(not_utf8(&input.path, &record.raw, record.offset, record.line, error))),
    }
}

fn check(record: &CsvRecord, layer: &Layer) -> Result<(), Box<Problem>> {
    if let Some(RecordError::Unclosed(at) | RecordError::AfterQuote(at)) = record.faults.first() {
        let problem = layer.problem(*at..at + 1, "the header line has a quote that does not pair up");
        return Err(Box::new(problem.with_hint("quote whole cells or none: `\"id\",\"prompt\"`")));
    }
    if record.faults.contains(&RecordError::TooLong) {
        return Err(Box::new(layer.problem(0..1, "the header line is longer than 1 MiB")));
    }
    Ok(())
}

/// The record that names the columns, where lines of titles stand before it: they say nothing, and it names the prompt or
/// two columns at least.
fn titled(head: &Head, plan: &ColumnPlan) -> Option<usize> {
    let names = |index: usize| {
        let (_, record, layer) = &head.records[index];
        record.cells.iter().map(|cell| content(&layer.text[cell.clone()]).into_owned()).collect::<Vec<_>>()
    };
    let known = |names: &[String]| names.iter().filter(|name| is_known(name, plan)).count();
    let is_title = |names: &[String]| names.iter().filter(|name| !name.is_empty()).count() <= 2;
    let first = names(0);
    if known(&first) > 0 || !is_title(&first) {
        return None;
    }
    (1..head.records.len()).find(|&index| {
        let names = names(index);
        (names.len() > 1 && names.iter().any(|name| meant(name, plan).is_some_and(|field| field == "prompt")))
            || known(&names) > 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_the_one_that_the_header_uses_most() {
        for (text, separator) in [
            ("prompt\n", b','),
            ("id;prompt;note, or so\na,b,c", b';'),
            ("\"a;b;c\",d\n", b','),
            ("id\tprompt\n", b'\t'),
            ("\r\n\r\nid;prompt", b';'),
        ] {
            assert_eq!(sniff(text.as_bytes()), separator, "{text}");
        }
    }
}
