//! Reads manifests of every form that people have as a stream of rows that know where they stand.
//!
//! Bad input never panics and never stops the reading: every problem of a manifest is found in one pass, each with file,
//! line, column, field, value, rule and hint. Memory does not grow with the number of rows.

mod assemble;
mod cli_defaults;
mod csv;
mod entries;
mod foreign;
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
mod not_utf8;
mod options;
mod problem;
mod problems;
mod prompts;
mod proposal;
mod render;
mod row;
mod rows;
mod schema;
mod sheet;
mod shell;
mod source;
mod template;
mod toml;
mod written;

pub use format::Format;
pub use grouped::GroupedProblems;
pub use head::ManifestHead;
pub use location::Spans;
pub use manifest::Manifest;
pub use names::Vocabulary;
pub use options::ReadingOptions;
pub use problem::{Excerpt, Problem};
pub use problems::Problems;
pub use proposal::{ColumnProposal, told_of_carried};
pub use reelq_forms::Packing;
pub use row::Row;
pub use rows::Rows;
pub use schema::schema;
pub use shell::shell_word;
pub use written::WrittenManifest;
