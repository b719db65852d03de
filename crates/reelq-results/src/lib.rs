//! Writes result manifests, one line a row in the order of the contract, and manifests made of rows that failed; reads what
//! people picked of them.

mod line;
mod picks;
mod record;
mod workbook;
mod writer;

pub use line::{ManifestColumns, ManifestForm, ManifestLine, ManifestNames, ManifestWriter, header_of};
pub use picks::{HEADER as PICKS_HEADER, Pick, Picks, PicksError};
pub use record::{COLUMNS, ResultRecord};
pub use workbook::{ClipLinks, WorkbookSums, WorkbookWriter, is_own_workbook};
pub use writer::{JSON_VERSION, ResultFormat, ResultReader, ResultWriter, taken};
