//! Writes result manifests as CSV or JSON lines.

use std::{fmt, io};

use super::record::{COLUMNS, ResultRecord};

/// The form of a result manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultFormat {
    /// A header line and one record a row.
    Csv,
    /// One object a row, with the same names.
    Jsonl,
}

/// Writes records one by one; a text is never changed to please a spreadsheet.
pub struct ResultWriter<W: io::Write> {
    form: Form<W>,
    passthrough: Vec<String>,
}

enum Form<W: io::Write> {
    Csv(Box<csv::Writer<W>>),
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
        let form = match format {
            ResultFormat::Jsonl => Form::Jsonl(io::BufWriter::new(writer)),
            ResultFormat::Csv => {
                let mut csv = csv::Writer::from_writer(writer);
                csv.write_record(COLUMNS.iter().copied().chain(passthrough.iter().map(String::as_str)))?;
                Form::Csv(Box::new(csv))
            }
        };
        Ok(Self { form, passthrough })
    }

    /// Writes one record; what it carries beyond the passed-through columns is left out.
    pub fn write(&mut self, record: &ResultRecord) -> io::Result<()> {
        let carried = self.passthrough.iter().map(|name| record.passthrough.get(name).map(String::as_str));
        match &mut self.form {
            Form::Csv(csv) => {
                let cells = record.cells().into_iter().map(super::record::Cell::plain);
                csv.write_record(cells.chain(carried.map(|value| value.unwrap_or_default().to_owned())))?;
                Ok(())
            }
            Form::Jsonl(out) => {
                for (index, (name, cell)) in COLUMNS.iter().zip(record.cells()).enumerate() {
                    let start = if index == 0 { "{" } else { "," };
                    write_pair(out, start, name, cell.json()?.get())?;
                }
                for (name, value) in self.passthrough.iter().zip(carried) {
                    write_pair(out, ",", name, &serde_json::to_string(&value)?)?;
                }
                io::Write::write_all(out, b"}\n")
            }
        }
    }

    /// Writes what is still held back and gives the writer back.
    pub fn finish(self) -> io::Result<W> {
        match self.form {
            Form::Csv(csv) => csv.into_inner().map_err(csv::IntoInnerError::into_error),
            Form::Jsonl(out) => out.into_inner().map_err(io::IntoInnerError::into_error),
        }
    }
}

fn write_pair(out: &mut impl io::Write, start: &str, name: &str, value: &str) -> io::Result<()> {
    write!(out, "{start}{}:{value}", serde_json::to_string(name)?)
}
