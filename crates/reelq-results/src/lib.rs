//! Writes result manifests, one line a row in the order of the contract, and manifests made of rows that failed.

mod line;
mod record;
mod writer;

pub use line::{ManifestLine, manifest_line};
pub use record::{COLUMNS, ResultRecord};
pub use writer::{JSON_VERSION, ResultFormat, ResultReader, ResultWriter, taken};
