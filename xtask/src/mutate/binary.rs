//! A copy of a test's binary, in which a text can be replaced by another of the same length.

use std::{
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use memchr::memmem;

/// One copy.
pub(super) struct Binary {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Binary {
    /// Copies `from` into `folder`.
    pub(super) fn copy(from: &Path, folder: &Path) -> Result<Self> {
        let path = folder.join(from.file_name().context("a binary has a name")?);
        fs::copy(from, &path).with_context(|| format!("copy {}", from.display()))?;
        Ok(Self { bytes: fs::read(&path)?, path })
    }

    /// Where the copy lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `text` wherever the original has `place_of`, which is as long; how often.
    pub(super) fn write(&self, place_of: &str, text: &str) -> Result<usize> {
        let mut file = fs::OpenOptions::new().write(true).open(&self.path)?;
        let mut found = 0;
        for at in memmem::find_iter(&self.bytes, place_of) {
            file.seek(SeekFrom::Start(u64::try_from(at)?))?;
            file.write_all(text.as_bytes())?;
            found += 1;
        }
        Ok(found)
    }
}
