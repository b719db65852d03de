//! Reads manifests (CSV, TSV, JSONL, TOML) as a stream of rows that know where they stand.
//!
//! Bad input never panics and never stops the reading: every problem of a manifest is found in one pass, each with file,
//! line, column, field, value, rule and hint. Memory does not grow with the number of rows.

mod assemble;
mod bytes;
mod cli_defaults;
mod csv;
mod entries;
mod format;
mod grouped;
mod head;
mod input;
mod jsonl;
mod labels;
mod limits;
mod location;
mod manifest;
mod names;
mod problem;
mod problems;
mod render;
mod row;
mod rows;
mod schema;
mod source;
mod template;
mod toml;

pub use format::Format;
pub use grouped::GroupedProblems;
pub use head::ManifestHead;
pub use location::Spans;
pub use manifest::Manifest;
pub use names::Vocabulary;
pub use problem::{Excerpt, Problem};
pub use problems::Problems;
pub use row::Row;
pub use rows::Rows;
pub use schema::schema;
