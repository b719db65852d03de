//! Result manifests as Excel workbooks, in bounded memory: rows wait in a temporary file until the workbook is put together.

mod links;
mod look;
mod own;

use std::{
    fmt,
    io::{self, Seek as _, SeekFrom, Write},
};

use rust_xlsxwriter::{Format, Url, Workbook, Worksheet, XlsxError};

pub use links::ClipLinks;
use links::Links;
pub use own::is_own_workbook;

use crate::{
    record::{COLUMNS, Cell, ResultRecord},
    writer::with_columns,
};

/// Excel holds no more rows in a sheet; the first one is the header.
const ROWS_OF_A_SHEET: u32 = 1_048_576;

/// Writes records one by one into a workbook.
pub struct WorkbookWriter {
    book: Workbook,
    look: look::Look,
    links: Links,
    /// The names that records carry, and what their columns are called.
    passthrough: Vec<(String, String)>,
    rows_of_a_sheet: u32,
    /// The next free row of the last sheet.
    next: u32,
    written: u64,
}

impl fmt::Debug for WorkbookWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkbookWriter").field("passthrough", &self.passthrough).finish_non_exhaustive()
    }
}

/// What a finished workbook holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkbookSums {
    /// How many sheets it has: more than one where a sheet was full.
    pub sheets: usize,
    /// How many clips stand as texts, because the sheet had as many links as Excel takes.
    pub unlinked: u64,
}

impl WorkbookWriter {
    /// Starts a workbook whose last columns are `passthrough`, and whose clips are linked as `clips` says.
    ///
    /// # Errors
    /// The temporary file cannot be made, or there are more columns than a sheet holds.
    pub fn new(passthrough: Vec<String>, clips: ClipLinks) -> io::Result<Self> {
        Self::with_rows(ROWS_OF_A_SHEET, passthrough, clips)
    }

    fn with_rows(rows_of_a_sheet: u32, passthrough: Vec<String>, clips: ClipLinks) -> io::Result<Self> {
        let mut writer = Self {
            book: Workbook::new(),
            look: look::Look::default(),
            links: Links::new(clips),
            passthrough: with_columns(passthrough),
            rows_of_a_sheet,
            next: 0,
            written: 0,
        };
        writer.book.set_properties(&own::properties());
        writer.begin_sheet().map_err(failed)?;
        Ok(writer)
    }

    /// Writes one record; what it carries beyond the passed-through columns is left out.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub fn write(&mut self, record: &ResultRecord) -> io::Result<()> {
        self.row(record).map_err(failed)
    }

    /// Puts the workbook together and writes it.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn finish(mut self, mut into: impl Write) -> io::Result<WorkbookSums> {
        // Beyond four gigabytes a sheet needs the larger form of ZIP, which old programs do not read.
        self.book.use_zip_large_file(self.written > LARGE);
        let sums = WorkbookSums { sheets: self.book.worksheets().len(), unlinked: self.links.unlinked() };
        // What is written to may be a pipe, and the archive is written back and forth.
        let mut whole = tempfile::tempfile()?;
        self.book.save_to_writer(&mut whole).map_err(failed)?;
        whole.seek(SeekFrom::Start(0))?;
        io::copy(&mut whole, &mut into)?;
        into.flush()?;
        Ok(sums)
    }

    fn begin_sheet(&mut self) -> Result<(), XlsxError> {
        let number = self.book.worksheets().len() + 1;
        let columns = look::column(COLUMNS.len() + self.passthrough.len())?;
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        sheet.set_name(if number == 1 { "results".to_owned() } else { format!("results {number}") })?;
        sheet.set_freeze_panes(1, 0)?;
        let names = COLUMNS.into_iter().chain(self.passthrough.iter().map(|(_, column)| column.as_str()));
        for (at, name) in names.enumerate() {
            let at = look::column(at)?;
            sheet.set_column_width(at, look::width(name))?;
            sheet.write_string_with_format(0, at, look::fitting(name), &self.look.heading)?;
        }
        sheet.autofilter(0, 0, self.rows_of_a_sheet - 1, columns.saturating_sub(1))?;
        self.next = 1;
        self.links.begin_sheet();
        Ok(())
    }

    fn row(&mut self, record: &ResultRecord) -> Result<(), XlsxError> {
        if self.next == self.rows_of_a_sheet {
            self.begin_sheet()?;
        }
        let (row, last) = (self.next, self.book.worksheets().len() - 1);
        let link = record.file.as_deref().and_then(|file| self.links.to(file));
        let sheet = self.book.worksheet_from_index(last)?;
        for (at, (name, cell)) in COLUMNS.into_iter().zip(record.cells()).enumerate() {
            let link = link.as_ref().filter(|_| name == "file");
            self.written += put(sheet, (row, look::column(at)?), cell, self.look.of(name), link)?;
        }
        for (at, (name, _)) in self.passthrough.iter().enumerate() {
            if let Some(text) = record.passthrough.get(name) {
                let at = look::column(COLUMNS.len() + at)?;
                self.written += text_into(sheet, (row, at), text, None)?;
            }
        }
        self.next += 1;
        Ok(())
    }
}

/// So many bytes of cells come near the four gigabytes that a file in an archive may have, with the marks around them.
const LARGE: u64 = 512 * 1024 * 1024;

/// Writes a cell; how many bytes its text has.
fn put(
    sheet: &mut Worksheet,
    at: (u32, u16),
    cell: Cell,
    format: Option<&Format>,
    link: Option<&Url>,
) -> Result<u64, XlsxError> {
    match cell {
        Cell::Nothing => Ok(0),
        Cell::Number(digits) => match (digits.parse::<f64>(), format) {
            (Ok(number), Some(format)) => sheet.write_number_with_format(at.0, at.1, number, format).map(|_| 8),
            (Ok(number), None) => sheet.write_number(at.0, at.1, number).map(|_| 8),
            (Err(_), _) => text_into(sheet, at, &digits, None),
        },
        Cell::Object(value) => text_into(sheet, at, &value.to_string(), None),
        Cell::Text(text) => text_into(sheet, at, &text, link),
    }
}

/// A text is never a formula, whatever it begins with: it is written as a text, exactly as it is.
fn text_into(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    text: &str,
    link: Option<&Url>,
) -> Result<u64, XlsxError> {
    let text = look::fitting(text);
    match link {
        Some(link) => sheet.write_url_with_text(row, column, link.clone(), &*text)?,
        None if text.is_empty() => return Ok(0),
        None => sheet.write_string(row, column, &*text)?,
    };
    Ok(text.len() as u64)
}

fn failed(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests;
