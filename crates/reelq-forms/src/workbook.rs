//! Workbooks (`.xlsx`, `.xlsm`, `.xlsb`, `.xls`, `.ods`): one sheet of them as a table of comma-separated text.

mod cell;
mod table;

pub use cell::{cell_name, is_cell_error};
pub use table::{SheetTable, WorkbookError, read_sheet};
