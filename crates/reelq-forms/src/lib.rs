//! Files in the forms that people have, made into text that a manifest's readers take: packed files, other encodings,
//! workbooks, YAML, standard input.
//!
//! It knows bytes, sheets and texts, and no word of a manifest. Whatever can be read in pieces is read in pieces; what cannot
//! lies in a private file without a name.

mod bytes;
mod content;
mod decoding;
mod encoding;
mod packing;
mod records;
mod spool;
mod workbook;
mod yaml;

pub use bytes::{Bytes, RawLine};
pub use content::Content;
pub use encoding::{EncodingGuess, UnknownEncoding, encoding_named, guess};
pub use encoding_rs::Encoding;
pub use packing::Packing;
pub use records::{CsvRecord, CsvRecords, ROW_BYTES, RecordError, content, newlines, untouched};
pub use workbook::{SheetTable, WorkbookError, cell_name, is_cell_error, read_sheet};
pub use yaml::{YamlError, YamlItem, items};
