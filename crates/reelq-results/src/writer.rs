//! Writes result manifests as CSV or JSON lines.

use std::{fmt, io};

use reelq_model::visible_json;

use crate::record::{COLUMNS, Cell, ResultRecord, inert};

/// The version of the form of everything that is written as JSON; it stands in each line of a result manifest.
pub const JSON_VERSION: u64 = 2;

const VERSION: &str = "version";

/// The form of a result manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultFormat {
    /// A header line and one record a row.
    Csv,
    /// One object a row, with the same names.
    Jsonl,
}

/// Whom a result manifest in CSV is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ResultReader {
    /// Programs: every text is exactly as it is.
    #[default]
    Program,
    /// A person's spreadsheet: no text is taken for a formula, and the encoding and the line ends are those that it expects.
    Spreadsheet,
}

/// Writes records one by one; a text is changed for a spreadsheet only where that was asked for.
pub struct ResultWriter<W: io::Write> {
    form: Form<W>,
    /// The names that records carry, and what their columns are called.
    passthrough: Vec<(String, String)>,
}

enum Form<W: io::Write> {
    Csv(Box<csv::Writer<W>>, ResultReader),
    Jsonl(io::BufWriter<W>),
}

impl<W: io::Write> fmt::Debug for ResultWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultWriter").field("passthrough", &self.passthrough).finish_non_exhaustive()
    }
}

impl<W: io::Write> ResultWriter<W> {
    /// Starts a result manifest whose last columns are `passthrough`.
    pub fn new(writer: W, format: ResultFormat, passthrough: Vec<String>) -> io::Result<Self> {
        if format == ResultFormat::Csv {
            return Self::csv_for(ResultReader::Program, writer, passthrough);
        }
        Ok(Self { form: Form::Jsonl(io::BufWriter::new(writer)), passthrough: with_columns(passthrough) })
    }

    /// Starts one in CSV for this reader.
    pub fn csv_for(reader: ResultReader, mut writer: W, passthrough: Vec<String>) -> io::Result<Self> {
        let passthrough = with_columns(passthrough);
        let mut csv = match reader {
            ResultReader::Program => csv::Writer::from_writer(writer),
            ResultReader::Spreadsheet => {
                // Without the mark Excel takes the file for one in the local encoding.
                writer.write_all("\u{feff}".as_bytes())?;
                csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(writer)
            }
        };
        let carried = passthrough.iter().map(|(_, column)| carried_cell(Some(column), reader));
        csv.write_record(COLUMNS.iter().map(|name| (*name).to_owned()).chain(carried)).map_err(unwrapped)?;
        Ok(Self { form: Form::Csv(Box::new(csv), reader), passthrough })
    }

    /// Writes one record; what it carries beyond the passed-through columns is left out.
    pub fn write(&mut self, record: &ResultRecord) -> io::Result<()> {
        let carried = self.passthrough.iter().map(|(name, _)| record.passthrough.get(name));
        match &mut self.form {
            Form::Csv(csv, reader) => {
                let cells = record.cells().into_iter().map(|cell| own_cell(cell, *reader));
                csv.write_record(cells.chain(carried.map(|value| carried_cell(value, *reader)))).map_err(unwrapped)
            }
            Form::Jsonl(out) => {
                for (index, (name, cell)) in COLUMNS.iter().zip(record.cells()).enumerate() {
                    let start = if index == 0 { "{" } else { "," };
                    write_pair(out, start, name, &visible_json(cell.json()?.get()))?;
                }
                write_pair(out, ",", VERSION, &JSON_VERSION.to_string())?;
                for ((_, column), value) in self.passthrough.iter().zip(carried) {
                    write_pair(out, ",", column, &visible_json(&serde_json::to_string(&value)?))?;
                }
                io::Write::write_all(out, b"}\n")
            }
        }
    }

    /// Writes what is still held back and gives the writer back.
    pub fn finish(self) -> io::Result<W> {
        match self.form {
            Form::Csv(csv, _) => csv.into_inner().map_err(csv::IntoInnerError::into_error),
            Form::Jsonl(out) => out.into_inner().map_err(io::IntoInnerError::into_error),
        }
    }
}

/// Names that manifests could carry through before they became ours. Such a column gets `x_` before its name.
const LATER: [&str; 2] = ["note", VERSION];

/// The names that a manifest cannot carry through: ours have them.
pub fn taken() -> impl Iterator<Item = &'static str> {
    COLUMNS.into_iter().filter(|name| !LATER.contains(name))
}

pub(crate) fn with_columns(passthrough: Vec<String>) -> Vec<(String, String)> {
    let column = |name: &String| if LATER.contains(&name.as_str()) { format!("x_{name}") } else { name.clone() };
    passthrough.into_iter().map(|name| (name.clone(), column(&name))).collect()
}

fn own_cell(cell: Cell, reader: ResultReader) -> String {
    match reader {
        ResultReader::Program => cell.plain(),
        ResultReader::Spreadsheet => cell.inert(),
    }
}

fn carried_cell(value: Option<&String>, reader: ResultReader) -> String {
    let text = value.cloned().unwrap_or_default();
    match reader {
        ResultReader::Program => text,
        ResultReader::Spreadsheet => inert(text),
    }
}

/// The failure of what is written to, as it was: a reader that went away must be known for one.
pub(crate) fn unwrapped(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn write_pair(out: &mut impl io::Write, start: &str, name: &str, value: &str) -> io::Result<()> {
    write!(out, "{start}{}:{value}", serde_json::to_string(name)?)
}
