//! The entries of a row before they are put together, and those of its defaults.

use std::sync::Arc;

use minijinja::Value as Variable;

use crate::{assemble::FieldEntry, location::Layer};

/// What reading on brought.
#[derive(Debug)]
pub(crate) enum RowStep {
    /// A row's own entries.
    Row(RowEntries),
    /// A row whose problems were reported.
    Bad,
    /// A row that the filter leaves out.
    Left,
    /// Nothing more.
    End,
}

/// The entries of a row and where they stand.
#[derive(Debug)]
pub(crate) struct RowEntries {
    pub(crate) entries: Vec<FieldEntry>,
    pub(crate) layer: Arc<Layer>,
    /// What templates may name.
    pub(crate) variables: Option<Variable>,
    /// Whether the entries themselves may be templates: those of a job, never those of a file of rows.
    pub(crate) templated: bool,
}

/// Defaults for the rows of a source, and where they stand.
#[derive(Debug, Clone)]
pub(crate) struct Defaults {
    pub(crate) entries: Vec<FieldEntry>,
    pub(crate) layer: Arc<Layer>,
}
