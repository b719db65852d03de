//! Result manifests: what became of every line, in the order of the manifest, and what it cost.

mod note;
mod record;
mod report;

pub use record::record;
pub use report::{ResultsError, Written, for_each_record, write_results};
