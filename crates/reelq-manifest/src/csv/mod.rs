//! CSV and TSV as people have them: any separator, any line ends, quoted newlines, an Excel or two in between.
//!
//! A reader of our own, because each fault must name its exact location and must not swallow the rows after it.

mod cells;
mod header;
mod records;

pub(crate) use cells::{Table, not_utf8, value};
pub(crate) use header::{ColumnPlan, CsvHeader, read_header};
