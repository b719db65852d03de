//! Turns jobs back into rows of a manifest.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
};

use reelq_model::{Fields, visible_json};
use serde_json::{Map, Value};

use crate::writer::unwrapped;

/// What a row of a manifest needs to ask for the same again.
#[derive(Debug, Clone, Copy)]
pub struct ManifestLine<'a> {
    /// The row's own id.
    pub label: Option<&'a str>,
    /// The account.
    pub account: Option<&'a str>,
    /// The provider.
    pub provider: Option<&'a str>,
    /// The model.
    pub model: Option<&'a str>,
    /// The mode.
    pub mode: Option<&'a str>,
    /// Its priority; `None` for the batch's.
    pub priority: Option<i32>,
    /// The request fields.
    pub fields: &'a Fields,
    /// What the row carried through.
    pub passthrough: &'a BTreeMap<String, String>,
}

/// The form of a manifest that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestForm {
    /// A header and one record a row, separated by commas.
    Csv,
    /// The same, separated by tabs.
    Tsv,
    /// One object a row.
    Jsonl,
}

/// Which names a manifest's reader knows.
#[derive(Debug, Clone, Default)]
pub struct ManifestNames {
    /// Request fields, dotted where nested: those that a table gives a column of their own.
    pub fields: BTreeSet<String>,
    /// Names that it carries through as they are. Others get `x_` before them, which every manifest carries.
    pub carried: BTreeSet<String>,
}

impl ManifestNames {
    /// The name under which a column is carried.
    fn carry(&self, name: &str) -> String {
        let own = name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x_")) && name.len() > 2;
        if own || self.carried.contains(name) { name.to_owned() } else { format!("x_{name}") }
    }
}

/// The columns that rows need, found by seeing each of them before the first is written.
#[derive(Debug, Clone, Default)]
pub struct ManifestColumns {
    own: Vec<String>,
    fields: Vec<String>,
    carried: Vec<String>,
    /// The header of the manifest that the rows came from.
    header: Vec<String>,
}

impl ManifestColumns {
    /// Takes over spelling and order of the header that the rows came under.
    pub fn like(header: Vec<String>) -> Self {
        Self { header, ..Self::default() }
    }

    /// Sees to it that this row's cells have columns.
    pub fn see(&mut self, line: &ManifestLine<'_>, names: &ManifestNames) {
        let add = |all: &mut Vec<String>, name: String| {
            if !all.contains(&name) {
                all.push(name);
            }
        };
        for (name, _) in own_keys(line) {
            add(&mut self.own, name.to_owned());
        }
        for (name, _) in field_cells(line.fields, names) {
            add(&mut self.fields, name);
        }
        for name in line.passthrough.keys() {
            add(&mut self.carried, names.carry(name));
        }
    }

    /// Each column: its name, and how it is written.
    fn in_order(&self) -> Vec<(String, String)> {
        let all: Vec<&String> = [&self.own, &self.fields, &self.carried].into_iter().flatten().collect();
        let mut columns: Vec<(String, String)> = Vec::new();
        for written in &self.header {
            let found = all.iter().find(|name| **name == written || form(name) == form(written));
            if let Some(name) = found.filter(|name| columns.iter().all(|(other, _)| other != **name)) {
                columns.push(((*name).clone(), written.clone()));
            }
        }
        for name in all {
            if columns.iter().all(|(other, _)| other != name) {
                columns.push((name.clone(), name.clone()));
            }
        }
        columns
    }
}

/// A header as headers are compared: case, blanks and dashes do not matter.
fn form(name: &str) -> String {
    let plain = name.trim().chars().map(|c| if c == '-' || c.is_whitespace() { '_' } else { c });
    plain.flat_map(char::to_lowercase).collect()
}

/// Writes rows that read back as the same requests.
pub struct ManifestWriter<W: io::Write> {
    form: Form<W>,
    names: ManifestNames,
}

enum Form<W: io::Write> {
    Table { csv: Box<csv::Writer<W>>, columns: Vec<String> },
    Jsonl(W),
}

impl<W: io::Write> fmt::Debug for ManifestWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManifestWriter").field("names", &self.names).finish_non_exhaustive()
    }
}

impl<W: io::Write> ManifestWriter<W> {
    /// Starts a manifest; `columns` are those of a table, and have seen every row.
    ///
    /// # Errors
    /// What it is written to fails.
    pub fn new(form: ManifestForm, names: ManifestNames, columns: &ManifestColumns, writer: W) -> io::Result<Self> {
        let separator = match form {
            ManifestForm::Csv => b',',
            ManifestForm::Tsv => b'\t',
            ManifestForm::Jsonl => return Ok(Self { form: Form::Jsonl(writer), names }),
        };
        let mut csv = csv::WriterBuilder::new().delimiter(separator).from_writer(writer);
        let (columns, written): (Vec<_>, Vec<_>) = columns.in_order().into_iter().unzip();
        // A table without rows has no columns, and no header either.
        if !written.is_empty() {
            csv.write_record(&written).map_err(unwrapped)?;
        }
        Ok(Self { form: Form::Table { csv: Box::new(csv), columns }, names })
    }

    /// Writes one row.
    ///
    /// # Errors
    /// What it is written to fails.
    pub fn write(&mut self, line: &ManifestLine<'_>) -> io::Result<()> {
        match &mut self.form {
            Form::Jsonl(writer) => writeln!(writer, "{}", object(line, &self.names)),
            Form::Table { csv, columns } => {
                let cells = cells(line, &self.names);
                if let Some(name) = cells.keys().find(|name| !columns.contains(name)) {
                    return Err(io::Error::other(format!(
                        "a row has come with a column `{name}` of its own: run it again"
                    )));
                }
                let cell = |name: &String| cells.get(name).map_or("", String::as_str);
                csv.write_record(columns.iter().map(cell)).map_err(unwrapped)
            }
        }
    }

    /// Writes what is still held back and gives the writer back.
    ///
    /// # Errors
    /// What it is written to fails.
    pub fn finish(self) -> io::Result<W> {
        match self.form {
            Form::Table { csv, .. } => csv.into_inner().map_err(csv::IntoInnerError::into_error),
            Form::Jsonl(writer) => Ok(writer),
        }
    }
}

fn own_keys<'a>(line: &ManifestLine<'a>) -> impl Iterator<Item = (&'static str, Value)> + use<'a> {
    let text = |value: Option<&str>| value.map(|value| Value::String(value.to_owned()));
    let keys = [
        ("id", text(line.label)),
        ("account", text(line.account)),
        ("provider", text(line.provider)),
        ("model", text(line.model)),
        ("mode", text(line.mode)),
        ("priority", line.priority.map(Value::from)),
    ];
    keys.into_iter().filter_map(|(name, value)| Some((name, value?)))
}

fn object(line: &ManifestLine<'_>, names: &ManifestNames) -> String {
    let mut row: Map<String, Value> = own_keys(line).map(|(name, value)| (name.to_owned(), value)).collect();
    row.extend(line.fields.iter().map(|(name, value)| (name.clone(), value.clone())));
    row.extend(line.passthrough.iter().map(|(name, value)| (names.carry(name), Value::String(value.clone()))));
    visible_json(&Value::Object(row).to_string()).into_owned()
}

fn cells(line: &ManifestLine<'_>, names: &ManifestNames) -> BTreeMap<String, String> {
    let mut cells: BTreeMap<String, String> =
        own_keys(line).map(|(name, value)| (name.to_owned(), plain(&value))).collect();
    cells.extend(field_cells(line.fields, names));
    cells.extend(line.passthrough.iter().map(|(name, value)| (names.carry(name), value.clone())));
    cells
}

/// The cells of the request: an object is taken apart into dotted columns where each part has a name that the reader knows,
/// and is one cell of JSON otherwise.
fn field_cells(fields: &Fields, names: &ManifestNames) -> Vec<(String, String)> {
    let mut cells = Vec::new();
    for (name, value) in fields {
        let mut parts = Vec::new();
        match value {
            Value::Object(_) if take_apart(name, value, names, &mut parts) => cells.extend(parts),
            Value::Null => {}
            value => cells.push((name.clone(), plain(value))),
        }
    }
    cells
}

fn take_apart(path: &str, value: &Value, names: &ManifestNames, into: &mut Vec<(String, String)>) -> bool {
    match value {
        Value::Object(parts) if !parts.is_empty() && !names.fields.contains(path) => {
            parts.iter().all(|(name, part)| take_apart(&format!("{path}.{name}"), part, names, into))
        }
        value => {
            into.push((path.to_owned(), plain(value)));
            names.fields.contains(path)
        }
    }
}

/// A value as a cell holds it: texts as they are, anything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The columns that the beginning of a table names, trimmed; none where that is no table. `separator` where it is known.
pub fn header_of(beginning: &[u8], separator: Option<u8>) -> Vec<String> {
    let text = String::from_utf8_lossy(beginning);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let (declared, text) = match text.strip_prefix("sep=") {
        Some(rest) => (rest.bytes().next(), rest.split_once('\n').map_or("", |(_, rest)| rest)),
        None => (None, text),
    };
    let line = text.lines().next().unwrap_or_default();
    let used = |separator: &u8| line.bytes().filter(|byte| byte == separator).count();
    let most = [b',', b';', b'\t'].into_iter().rev().max_by_key(used).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(declared.or(separator).unwrap_or(most))
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => record.iter().map(|name| name.trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}
