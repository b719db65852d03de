//! The bytes of a manifest or source: a file that is opened anew for each pass, or memory.

use std::{
    fs::File,
    io::{self, Cursor, Read},
    path::Path,
    sync::Arc,
};

use crate::{Problem, bytes::Bytes};

/// Where bytes come from; they can be read any number of times.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    pub(crate) path: Arc<Path>,
    memory: Option<Arc<[u8]>>,
}

impl Input {
    pub(crate) fn file(path: &Path) -> Self {
        Self { path: Arc::from(path), memory: None }
    }

    pub(crate) fn memory(name: &Path, bytes: &[u8]) -> Self {
        Self { path: Arc::from(name), memory: Some(Arc::from(bytes)) }
    }

    pub(crate) const fn is_memory(&self) -> bool {
        self.memory.is_some()
    }

    fn reader(&self) -> io::Result<Box<dyn Read + Send>> {
        if let Some(bytes) = &self.memory {
            return Ok(Box::new(Cursor::new(Arc::clone(bytes))));
        }
        // A pipe cannot be read twice, and a device may never end.
        if !std::fs::metadata(&self.path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        Ok(Box::new(File::open(&self.path)?))
    }

    /// Opens it and checks the encoding as far as the first bytes tell.
    pub(crate) fn open(&self) -> Result<Bytes, Box<Problem>> {
        let mut bytes = Bytes::new(self.reader().map_err(|error| self.unreadable(&error))?);
        let start = bytes.start(4).map_err(|error| self.unreadable(&error))?;
        if is_utf16(start) {
            let rule = "the file is encoded as UTF-16, not as UTF-8 (byte position 0)";
            let hint = "save it again as UTF-8 (in Excel: \"CSV UTF-8\"), or run `iconv -f UTF-16 -t UTF-8`";
            return Err(Box::new(Problem::of_file(&self.path, rule).with_hint(hint)));
        }
        bytes.skip_bom();
        Ok(bytes)
    }

    /// A problem that tells why it cannot be read.
    pub(crate) fn unreadable(&self, error: &io::Error) -> Box<Problem> {
        let problem = Problem::of_file(&self.path, format!("the file cannot be read: {error}"));
        Box::new(match error.kind() {
            io::ErrorKind::NotFound => problem.with_hint("check the path; relative ones start at the current folder, and those of sources at the manifest's folder"),
            _ => problem,
        })
    }

    /// Digests the content in pieces.
    pub(crate) fn digest(&self) -> io::Result<[u8; 32]> {
        Ok(*reelq_model::Digest::read(self.reader()?)?.0.as_bytes())
    }
}

fn is_utf16(start: &[u8]) -> bool {
    matches!(
        start,
        [0xff, 0xfe, ..]
            | [0xfe, 0xff, ..]
            | [0, 0, 0xfe, 0xff]
            | [1..=0x7f, 0, 1..=0x7f, 0]
            | [0, 1..=0x7f, 0, 1..=0x7f]
    )
}
