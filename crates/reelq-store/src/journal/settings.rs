//! Where a journal lies and how much of it is kept.

use std::{path::PathBuf, time::Duration};

/// Where a journal lies and how much of it is kept.
#[derive(Debug, Clone)]
pub struct JournalSettings {
    /// The folder, on a local disk; shared by all worker processes of this machine.
    pub folder: PathBuf,
    /// Which store and namespace it belongs to, without secrets: journals of another store are never held against this one.
    pub store: String,
    /// What the store has confirmed is kept for this long at least, and for twice as long at most: longer than the
    /// store may take to bring it to its disk and to its replicas.
    pub keep: Duration,
    /// A file that has grown to this is taken for one that cannot be written: nothing is bought until it is trimmed.
    pub max_bytes: u64,
}

impl JournalSettings {
    /// The usual settings: ten minutes, and 1 GiB.
    pub fn new(folder: impl Into<PathBuf>, store: impl Into<String>) -> Self {
        Self { folder: folder.into(), store: store.into(), keep: Duration::from_mins(10), max_bytes: 1 << 30 }
    }
}
