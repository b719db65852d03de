//! Where a journal lies and how much of it is kept.

use std::{io, path::PathBuf, time::Duration};

use super::{
    folder::Folder,
    replay::{Stories, tell},
};

/// Where a journal lies and how much of it is kept.
#[derive(Debug, Clone)]
pub struct JournalSettings {
    /// The folder, on a local disk; shared by all worker processes of this machine.
    pub folder: PathBuf,
    /// The namespace: journals belong to it wherever its store is, and those of another are never held against it.
    pub namespace: String,
    /// What people call this machine.
    pub host: String,
    /// What the store has confirmed is kept for this long at least, and for twice as long at most: longer than the
    /// store may take to bring it to its disk and to its replicas.
    pub keep: Duration,
    /// A file that has grown to this is taken for one that cannot be written: nothing is bought until it is trimmed.
    pub max_bytes: u64,
}

impl JournalSettings {
    /// The usual settings: ten minutes, and 1 GiB.
    pub fn new(folder: impl Into<PathBuf>, namespace: impl Into<String>, host: impl Into<String>) -> Self {
        Self {
            folder: folder.into(),
            namespace: namespace.into(),
            host: host.into(),
            keep: Duration::from_mins(10),
            max_bytes: 1 << 30,
        }
    }
}

impl JournalSettings {
    /// How many submissions the folder's journals of the namespace hold that were bought or may have been. Blocks.
    ///
    /// # Errors
    /// The folder or one of its files cannot be read.
    pub fn submissions(&self) -> io::Result<usize> {
        let folder = Folder::open(&self.folder, &self.namespace)?;
        let mut stories = Stories::new();
        for name in folder.names()? {
            tell(&mut stories, &folder.read(&name)?.lines, |_, _| true);
        }
        let told = stories.values().flat_map(|replay| replay.submissions.values());
        Ok(told.filter(|told| told.sent.is_some() || !told.yes.is_empty()).count())
    }
}
