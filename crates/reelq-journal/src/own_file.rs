//! This process's own journal: appended to and synced, and trimmed by moving on to a new file.

use std::{
    fs::File,
    io::{self, Write as _},
};

use super::{
    entry::{Contents, Header, encode},
    folder::Folder,
};
use reelq_files::private;

#[derive(Debug)]
pub(super) struct OwnFile {
    folder: Folder,
    name: String,
    header: Vec<u8>,
    file: File,
    /// Bytes of whole lines.
    good: u64,
    /// Lines were written since the process began.
    used: bool,
    max_bytes: u64,
    _lock: File,
}

impl OwnFile {
    pub(super) fn open(folder: Folder, name: String, header: &Header, max_bytes: u64) -> io::Result<Self> {
        let taken = || io::Error::other("another process of this name is at work");
        let lock = folder.lock(&name)?.ok_or_else(taken)?;
        let path = folder.file(&name, "journal");
        let file = private::options().create(true).append(true).open(&path)?;
        let good = file.metadata()?.len();
        let mut own_file =
            Self { folder, name, header: encode(header), file, good, used: good > 0, max_bytes, _lock: lock };
        own_file.begin()?;
        Ok(own_file)
    }

    fn begin(&mut self) -> io::Result<()> {
        // A line that was cut short when the process of the same name died must not run into the next one.
        let mut start = if self.good > 0 { b"\n".to_vec() } else { Vec::new() };
        start.extend(&self.header);
        self.write(&start, true)?;
        self.folder.sync()
    }

    pub(super) fn shown(&self) -> String {
        self.folder.file(&self.name, "journal").display().to_string()
    }

    /// Appends whole lines; with `sync` they are on disk when it returns. A failure leaves nothing of them.
    pub(super) fn append(&mut self, lines: &[u8], sync: bool) -> io::Result<()> {
        self.used = true;
        self.write(lines, sync)
    }

    /// Shows that it can be written.
    pub(super) fn probe(&mut self) -> io::Result<()> {
        let header = self.header.clone();
        self.write(&header, true)
    }

    fn write(&mut self, lines: &[u8], sync: bool) -> io::Result<()> {
        let after = self.good.saturating_add(u64::try_from(lines.len()).unwrap_or(u64::MAX));
        if after > self.max_bytes {
            return Err(io::Error::other(format!("it has grown to its bound of {} bytes", self.max_bytes)));
        }
        let written = self.file.write_all(lines).and_then(|()| if sync { self.file.sync_data() } else { Ok(()) });
        match written {
            Ok(()) => self.good = after,
            Err(_) => self.file.set_len(self.good).unwrap_or_default(),
        }
        written
    }

    /// Goes on in a new file that begins with `carried`, and drops the one before the present one.
    pub(super) fn rotate(&mut self, carried: &[u8]) -> io::Result<()> {
        let (new, present) = (self.folder.file(&self.name, "new"), self.folder.file(&self.name, "journal"));
        let mut file = private::options().create(true).write(true).truncate(true).open(&new)?;
        file.write_all(&self.header)?;
        file.write_all(carried)?;
        file.sync_all()?;
        std::fs::rename(&present, self.folder.file(&self.name, "1"))?;
        std::fs::rename(&new, &present)?;
        self.folder.sync()?;
        self.file = private::options().append(true).open(&present)?;
        self.good = self.file.metadata()?.len();
        Ok(())
    }

    pub(super) fn read(&self) -> io::Result<Contents> {
        self.folder.read(&self.name)
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        if !self.used {
            self.folder.remove(&self.name);
        }
    }
}
