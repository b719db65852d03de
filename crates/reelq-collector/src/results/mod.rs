//! Result manifests: what became of every line, in the order of the manifest, and what it cost.

mod evidence;
mod note;
mod record;
mod report;

pub use evidence::{Unknown, loaded, note_loaded};
pub use record::record;
pub use report::{ResultsError, Written, for_each_record, write_results};
