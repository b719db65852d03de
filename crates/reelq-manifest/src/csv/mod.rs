//! CSV and TSV as people have them: any separator, any line ends, quoted newlines, an Excel or two in between.
//!
//! A reader of our own, because each fault must name its exact location and must not swallow the rows after it.

mod cells;
mod columns;
mod first_records;
mod header;
mod plan;
pub(crate) mod single;
mod swallowed;

pub(crate) use cells::{Table, value};
pub(crate) use columns::slip;
pub(crate) use header::read_header;
pub(crate) use plan::{ColumnPlan, CsvHeader, Strangers};
