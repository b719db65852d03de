//! One sheet, written as comma-separated text into a private file: one record for each of its rows, empty ones too, so that the
//! number of a record is the number of a row.

use std::{collections::BTreeSet, fs::File, io, io::BufWriter};

use calamine::{Data, Range, Reader as _, SheetType, SheetVisible, Sheets};

use super::cell::{cell_name, text, text_ref};
use crate::{Content, spool::SpoolReader};

/// A sheet as a table.
#[derive(Debug, Clone)]
pub struct SheetTable {
    /// The sheet's name.
    pub name: String,
    /// Its rows as comma-separated text, every cell in quotes.
    pub content: Content,
    /// The workbook's other sheets that can be seen and hold something, or may.
    pub others: Vec<String>,
}

/// Why no sheet could be read.
#[derive(Debug, thiserror::Error)]
pub enum WorkbookError {
    /// The bytes are no workbook.
    #[error("it is no workbook that can be read ({0})")]
    NotAWorkbook(calamine::Error),
    /// The workbook has no such sheet.
    #[error("it has no sheet `{wanted}`")]
    NoSheet {
        /// The name that was asked for.
        wanted: String,
        /// The names that there are.
        names: Vec<String>,
    },
    /// The workbook has no sheet at all.
    #[error("it has no sheet")]
    NoSheets,
    /// The sheet cannot be read.
    #[error("its sheet `{name}` cannot be read ({source})")]
    Unreadable {
        /// The sheet's name.
        name: String,
        /// Why.
        source: calamine::Error,
    },
    /// Formulas whose values no program has worked out.
    #[error("{count} of its cells hold{s} formulas that were never calculated: {cells}", s = if *.count == 1 { "s" } else { "" })]
    NotCalculated {
        /// How many.
        count: usize,
        /// The first of them, by name.
        cells: String,
    },
    /// The file, or the private file that the table is kept in.
    #[error(transparent)]
    Io(#[from] io::Error),
}

type Book = Sheets<SpoolReader>;

/// Reads the sheet of this name, or the first one that can be seen. Formulas give their last values.
///
/// # Errors
/// See [`WorkbookError`].
pub fn read_sheet(content: &Content, wanted: Option<&str>) -> Result<SheetTable, WorkbookError> {
    let mut book = calamine::open_workbook_auto_from_rs(content.seekable()?).map_err(WorkbookError::NotAWorkbook)?;
    let names: Vec<String> = seen(&book);
    let name = match wanted {
        Some(wanted) => {
            let all = book.sheet_names();
            let found = all.iter().find(|name| *name == wanted);
            let found = found.or_else(|| all.iter().find(|name| name.trim().eq_ignore_ascii_case(wanted.trim())));
            found.cloned().ok_or(WorkbookError::NoSheet { wanted: wanted.to_owned(), names: all })?
        }
        None => names.first().cloned().ok_or(WorkbookError::NoSheets)?,
    };
    let mut writer = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .flexible(true)
        .from_writer(BufWriter::new(tempfile::tempfile()?));
    let mut open = formulas(&mut book, &name)?;
    write(&mut book, &name, &mut writer, &mut open)?;
    calculated(&open)?;
    let written = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    let file = written.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(SheetTable {
        others: names.into_iter().filter(|other| *other != name).collect(),
        content: Content::written(file),
        name,
    })
}

/// Sheets that people see, in their order; all of them where all are hidden.
fn seen(book: &Book) -> Vec<String> {
    let sheets = book.sheets_metadata();
    let names = |hidden: bool| {
        let wanted = sheets.iter().filter(move |sheet| {
            sheet.typ == SheetType::WorkSheet && (hidden || sheet.visible == SheetVisible::Visible)
        });
        wanted.map(|sheet| sheet.name.clone()).collect::<Vec<_>>()
    };
    let visible = names(false);
    if visible.is_empty() { names(true) } else { visible }
}

type Writer = csv::Writer<BufWriter<File>>;

/// Cells by row and column, from 0.
type Cells = BTreeSet<(u32, u32)>;

/// The cells that hold formulas.
fn formulas(book: &mut Book, name: &str) -> Result<Cells, WorkbookError> {
    let unreadable = |source| WorkbookError::Unreadable { name: name.to_owned(), source };
    let range = book.worksheet_formula(name).map_err(unreadable)?;
    let (row, column) = range.start().unwrap_or_default();
    let at = |(down, across): (usize, usize)| {
        (row + u32::try_from(down).unwrap_or(0), column + u32::try_from(across).unwrap_or(0))
    };
    Ok(range.used_cells().filter(|(.., text)| !text.is_empty()).map(|(down, across, _)| at((down, across))).collect())
}

/// Refuses formulas without a value: their cells look empty, and their rows would be lost.
fn calculated(open: &Cells) -> Result<(), WorkbookError> {
    const NAMED: usize = 5;
    if open.is_empty() {
        return Ok(());
    }
    let names = open.iter().take(NAMED).map(|(row, column)| cell_name(u64::from(*row) + 1, *column as usize + 1));
    Err(WorkbookError::NotCalculated { count: open.len(), cells: names.collect::<Vec<_>>().join(", ") })
}

fn write(book: &mut Book, name: &str, writer: &mut Writer, open: &mut Cells) -> Result<(), WorkbookError> {
    let unreadable = |source| WorkbookError::Unreadable { name: name.to_owned(), source };
    if let Sheets::Xlsx(book) = book {
        return write_streamed(book, name, writer, open);
    }
    let range = book.worksheet_range(name).map_err(unreadable)?;
    write_range(&range, writer, open)
}

/// A large sheet is never whole in memory.
fn write_streamed(
    book: &mut calamine::Xlsx<SpoolReader>,
    name: &str,
    writer: &mut Writer,
    open: &mut Cells,
) -> Result<(), WorkbookError> {
    let unreadable =
        |source| WorkbookError::Unreadable { name: name.to_owned(), source: calamine::Error::Xlsx(source) };
    let mut cells = book.worksheet_cells_reader(name).map_err(unreadable)?;
    let (mut at, mut row) = (0_u32, Vec::new());
    while let Some(cell) = cells.next_cell().map_err(unreadable)? {
        let (number, column) = cell.get_position();
        if number < at {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its rows are in no order").into());
        }
        while at < number {
            record(writer, &mut row)?;
            at += 1;
        }
        let column = column as usize;
        if row.len() <= column {
            row.resize(column + 1, String::new());
        }
        row[column] = text_ref(cell.get_value());
        if !row[column].is_empty() {
            open.remove(&cell.get_position());
        }
    }
    record(writer, &mut row)
}

fn write_range(range: &Range<Data>, writer: &mut Writer, open: &mut Cells) -> Result<(), WorkbookError> {
    let (above, before) = range.start().unwrap_or_default();
    for _ in 0..above {
        record(writer, &mut Vec::new())?;
    }
    for (down, across, value) in range.used_cells() {
        if !text(value).is_empty() {
            let at = |from: u32, by: usize| from + u32::try_from(by).unwrap_or(0);
            open.remove(&(at(above, down), at(before, across)));
        }
    }
    for cells in range.rows() {
        let mut row = vec![String::new(); before as usize];
        row.extend(cells.iter().map(text));
        record(writer, &mut row)?;
    }
    Ok(())
}

fn record(writer: &mut Writer, row: &mut Vec<String>) -> Result<(), WorkbookError> {
    while row.last().is_some_and(String::is_empty) {
        row.pop();
    }
    if row.is_empty() {
        row.push(String::new());
    }
    writer.write_record(row.iter()).map_err(io::Error::from)?;
    row.clear();
    Ok(())
}
