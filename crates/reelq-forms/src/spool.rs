//! A private file without a name: gone with the process, and read from its beginning any number of times.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt as _,
    sync::Arc,
};

/// A file that is whole and is only read from now on.
#[derive(Debug, Clone)]
pub(crate) struct Spool {
    file: Arc<File>,
}

impl Spool {
    /// Takes all that `source` gives.
    pub(crate) fn of(source: &mut dyn Read) -> io::Result<Self> {
        let mut file = tempfile::tempfile()?;
        io::copy(source, &mut file)?;
        Ok(Self { file: Arc::new(file) })
    }

    /// Takes a file that was written.
    pub(crate) fn written(file: File) -> Self {
        Self { file: Arc::new(file) }
    }

    /// Reads from the beginning, beside others that read.
    pub(crate) fn reader(&self) -> SpoolReader {
        SpoolReader { file: Arc::clone(&self.file), at: 0 }
    }
}

/// One reading; it has a place of its own in the file.
#[derive(Debug, Clone)]
pub(crate) struct SpoolReader {
    file: Arc<File>,
    at: u64,
}

impl Read for SpoolReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(into, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl SpoolReader {
    /// Reads a file that has a name beside others that read it.
    pub(crate) fn of_file(file: File) -> Self {
        Self { file: Arc::new(file), at: 0 }
    }
}

impl Seek for SpoolReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(at) => (at, 0),
            SeekFrom::Current(by) => (self.at, by),
            SeekFrom::End(by) => (self.file.metadata()?.len(), by),
        };
        let before = || io::Error::new(io::ErrorKind::InvalidInput, "before the beginning of the file");
        self.at = from.checked_add_signed(by).ok_or_else(before)?;
        Ok(self.at)
    }
}
