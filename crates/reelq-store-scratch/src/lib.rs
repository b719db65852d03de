//! What one process keeps for itself while it works and memory should not hold: tables in private files of SQLite.
//!
//! A file has no name and is gone with the process; it is no state. What fits into its cache is never written.

mod file;
mod job_table;
mod request_counts;

pub use file::Error;
pub use job_table::{JobEntry, JobTable, Rank, Spelling};
pub use request_counts::{RequestCount, RequestCounts};
