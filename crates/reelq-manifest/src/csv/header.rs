//! Reads the header line: which separator, which columns, and what they mean.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use reelq_model::nearest;

use super::records::{CsvRecord, CsvRecords, RecordError, content};
use crate::{
    Format, Problem,
    input::Input,
    location::Layer,
    names::{NameMeaning, Names, RowField, header_form},
    template::Filter,
};

/// How the columns or keys of a file are to be read.
#[derive(Debug, Clone, Default)]
pub(crate) struct ColumnPlan {
    pub(crate) names: Arc<Names>,
    /// File column to the name that it stands for.
    pub(crate) columns: Arc<BTreeMap<String, String>>,
    /// File columns that mean nothing.
    pub(crate) ignore: BTreeSet<String>,
    pub(crate) filter: Option<Filter>,
    /// Whether the defaults have templates, whose variables are the row's columns.
    pub(crate) has_templates: bool,
    /// The file is pulled in by a manifest, which can map and ignore columns.
    pub(crate) is_source: bool,
}

/// The columns of a file.
#[derive(Debug, Clone)]
pub(crate) struct CsvHeader {
    pub(crate) separator: u8,
    /// As written in the file; filters use these names.
    pub(crate) written: Arc<[String]>,
    pub(crate) targets: Arc<[Option<RowField>]>,
    /// The name of each target, by which spans are found.
    pub(crate) names: Arc<[Option<Arc<str>>]>,
}

const START: usize = 64 * 1024;

/// Opens the file and reads its header; `Err` where no row can be read.
pub(crate) fn read_header(
    input: &Input,
    format: Format,
    plan: &ColumnPlan,
    problems: &mut Vec<Problem>,
) -> Result<CsvHeader, Box<Problem>> {
    let (mut records, separator) = open(input, format)?;
    let record = first_record(&mut records).map_err(|error| input.unreadable(&error))?;
    let Some(record) = record else {
        let hint = "the first line names the columns, for example `id,prompt,duration`";
        return Err(Box::new(Problem::of_file(&input.path, "the file is empty").with_hint(hint)));
    };
    let layer = layer(input, &record)?;
    if let Some(RecordError::Unclosed(at) | RecordError::AfterQuote(at)) = record.faults.first() {
        let problem = layer.problem(*at..at + 1, "the header line has a quote that does not pair up");
        return Err(Box::new(problem.with_hint("quote whole cells or none: `\"id\",\"prompt\"`")));
    }
    if record.faults.contains(&RecordError::TooLong) {
        return Err(Box::new(layer.problem(0..1, "the header line is longer than 1 MiB")));
    }
    interpret(&layer, &record, separator, plan, problems)
}

/// Opens the file before its header: the separator is known, a `sep=` line is taken.
pub(crate) fn open(input: &Input, format: Format) -> Result<(CsvRecords, u8), Box<Problem>> {
    let mut bytes = input.open()?;
    let start = bytes.start(START).map_err(|error| input.unreadable(&error))?;
    let declared = start.strip_prefix(b"sep=").and_then(|rest| rest.first().copied());
    let (separator, line) = match (declared, format) {
        (Some(separator), _) => {
            bytes.line(16).map_err(|error| input.unreadable(&error))?;
            (separator, 2)
        }
        (None, Format::Tsv) => (b'\t', 1),
        (None, _) => (sniff(start), 1),
    };
    Ok((CsvRecords::new(bytes, separator, line), separator))
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

/// Skips empty lines before the header.
pub(crate) fn first_record(records: &mut CsvRecords) -> std::io::Result<Option<CsvRecord>> {
    loop {
        match records.next()? {
            Some(record) if record.raw.trim_ascii().is_empty() => {}
            other => return Ok(other),
        }
    }
}

fn layer(input: &Input, record: &CsvRecord) -> Result<Layer, Box<Problem>> {
    match std::str::from_utf8(&record.raw) {
        Ok(text) => Ok(Layer::plain(&input.path, text, record.line)),
        Err(error) => {
            Err(Box::new(super::cells::not_utf8(&input.path, &record.raw, record.offset, record.line, error)))
        }
    }
}

fn interpret(
    layer: &Layer,
    record: &CsvRecord,
    separator: u8,
    plan: &ColumnPlan,
    problems: &mut Vec<Problem>,
) -> Result<CsvHeader, Box<Problem>> {
    let written: Vec<String> =
        record.cells.iter().map(|cell| content(&layer.text[cell.clone()]).trim().to_owned()).collect();
    if !written.iter().any(|name| is_known(name, plan)) {
        return Err(Box::new(no_header(layer, record, plan)));
    }
    check_plan(layer, &written, plan, problems);
    let mut targets: Vec<Option<RowField>> = Vec::new();
    for (index, name) in written.iter().enumerate() {
        let meaning = meaning(name, &layer.file, plan);
        let problem = match meaning {
            Ok(Some(ref target)) => {
                let earlier = targets.iter().position(|other| other.as_ref() == Some(target));
                earlier.map(|earlier| {
                    let rule = format!("two columns mean `{}`", target.name());
                    layer.problem(record.cells[index].clone(), rule).with_field(name).with_hint(format!(
                        "column {} (`{}`) is the first one; remove or rename one of them",
                        earlier + 1,
                        written[earlier]
                    ))
                })
            }
            Ok(None) => None,
            Err(ref hint) => {
                let rule = format!("unknown column `{}`", crate::problem::readable(name));
                Some(layer.problem(record.cells[index].clone(), rule).with_field(name).with_hint(hint.as_str()))
            }
        };
        let bad = problem.is_some();
        problems.extend(problem);
        targets.push(meaning.ok().flatten().filter(|_| !bad));
    }
    let names = targets.iter().map(|target| target.as_ref().map(|target| Arc::from(target.name()))).collect();
    Ok(CsvHeader { separator, written: written.into(), targets: targets.into(), names })
}

fn is_known(name: &str, plan: &ColumnPlan) -> bool {
    plan.columns.contains_key(name) || plan.ignore.contains(name) || plan.names.header(name) != NameMeaning::Unknown
}

/// What a column stands for; `None` for one that is ignored or has no name; `Err` with a hint for an unknown one.
fn meaning(name: &str, file: &Path, plan: &ColumnPlan) -> Result<Option<RowField>, String> {
    if let Some(mapped) = plan.columns.get(name) {
        return Ok(match plan.names.key(mapped) {
            NameMeaning::Field(target) => Some(target),
            NameMeaning::Parent | NameMeaning::Unknown => None,
        });
    }
    if name.is_empty() || plan.ignore.contains(name) {
        return Ok(None);
    }
    match plan.names.header(name) {
        NameMeaning::Field(target) => Ok(Some(target)),
        NameMeaning::Parent => Ok(Some(RowField::Field(Arc::from(header_form(name))))),
        NameMeaning::Unknown => Err(unknown_hint(name, file, plan)),
    }
}

fn unknown_hint(name: &str, file: &Path, plan: &ColumnPlan) -> String {
    let name = crate::problem::readable(name);
    let near = plan.names.nearest(&name).map(|near| format!("did you mean `{near}`? "));
    if plan.is_source {
        let carry = format!("carry it through with `passthrough = [\"{name}\"]` under [batch]");
        return format!("{}map it with `columns`, list it in `ignore`, or {carry}", near.unwrap_or_default());
    }
    let carry = format!("to carry it to the result manifest untouched, call it `x_{}`", header_form(&name));
    match near {
        Some(near) => format!("{near}{carry}"),
        None => format!("{carry}; {}", beside(&name, file)),
    }
}

/// The manifest that takes the file as it is.
fn beside(name: &str, file: &Path) -> String {
    let path = file.file_name().unwrap_or_default().to_string_lossy();
    format!(
        "or leave the file as it is and run a TOML manifest beside it:\n  \
         [batch]\n  \
         passthrough = [{name:?}]\n  \
         [[sources]]\n  \
         path = {path:?}\n\
         instead of passthrough, `ignore = [{name:?}]` or `columns = {{ {name:?} = \"FIELD\" }}` may stand under [[sources]]"
    )
}

fn no_header(layer: &Layer, record: &CsvRecord, plan: &ColumnPlan) -> Problem {
    let first = record.cells.first().cloned().unwrap_or(0..0);
    let near = record.cells.iter().find_map(|cell| plan.names.nearest(&content(&layer.text[cell.clone()])));
    let example = "the first line must name the columns, for example `id,prompt,duration`";
    let hint = match near {
        Some(near) => format!("did you mean `{near}`? {example}"),
        None => example.to_owned(),
    };
    layer.problem(first, "the first line names no known column: is the header missing?").with_hint(hint)
}

/// Checks that the columns that the manifest maps or ignores are there.
fn check_plan(layer: &Layer, written: &[String], plan: &ColumnPlan, problems: &mut Vec<Problem>) {
    let mapped = plan.columns.keys().map(|name| ("columns", name));
    let ignored = plan.ignore.iter().map(|name| ("ignore", name));
    for (list, name) in mapped.chain(ignored).filter(|(_, name)| !written.contains(name)) {
        let rule = format!("`{list}` names the column `{name}`, which this file does not have");
        let near = nearest(name, written.iter().map(String::as_str));
        let hint = near.map_or_else(
            || format!("its columns are {}", written.join(", ")),
            |near| format!("did you mean `{near}`? names are compared letter by letter"),
        );
        problems.push(layer.problem(0..layer.text.len(), rule).with_field(name).with_hint(hint));
    }
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
