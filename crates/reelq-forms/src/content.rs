//! Bytes that can be read any number of times: a file, memory, or what was spooled; unpacked and decoded on the way.

use std::{
    fs::File,
    io::{self, BufReader, Cursor, Read},
    path::Path,
    sync::Arc,
};

use encoding_rs::Encoding;

use crate::{
    Packing,
    decoding::Decoding,
    spool::{Spool, SpoolReader},
};

/// Where bytes come from, and how they become text.
#[derive(Debug, Clone)]
pub struct Content {
    origin: Origin,
    packing: Option<Packing>,
    encoding: Option<&'static Encoding>,
}

#[derive(Debug, Clone)]
enum Origin {
    File(Arc<Path>),
    Memory(Arc<[u8]>),
    Spool(Spool),
}

impl Content {
    /// A file, which is opened anew for each reading.
    pub fn file(path: &Path) -> Self {
        Self::of(Origin::File(Arc::from(path)))
    }

    /// Bytes in memory.
    pub fn memory(bytes: &[u8]) -> Self {
        Self::of(Origin::Memory(Arc::from(bytes)))
    }

    /// Takes everything from a reader that can be read only once, such as standard input, into a private file.
    ///
    /// # Errors
    /// The reader fails, or the private file cannot be written.
    pub fn spooled(source: &mut dyn Read) -> io::Result<Self> {
        Spool::of(source).map(|spool| Self::of(Origin::Spool(spool)))
    }

    /// A private file that was written.
    pub(crate) fn written(file: File) -> Self {
        Self::of(Origin::Spool(Spool::written(file)))
    }

    const fn of(origin: Origin) -> Self {
        Self { origin, packing: None, encoding: None }
    }

    /// The same, unpacked as it is read.
    #[must_use]
    pub fn unpacked(self, packing: Packing) -> Self {
        Self { packing: Some(packing), ..self }
    }

    /// The same, read as text of this encoding and given as UTF-8. A byte that is none of it ends the reading with an error.
    #[must_use]
    pub fn decoded(self, encoding: &'static Encoding) -> Self {
        Self { encoding: Some(encoding), ..self }
    }

    /// Whether it is held in memory.
    pub const fn is_memory(&self) -> bool {
        matches!(self.origin, Origin::Memory(_))
    }

    /// The encoding that was said.
    pub const fn encoding(&self) -> Option<&'static Encoding> {
        self.encoding
    }

    /// The same, unpacked and not decoded.
    #[must_use]
    pub fn undecoded(&self) -> Self {
        Self { encoding: None, ..self.clone() }
    }

    /// Whether its encoding was said.
    pub const fn is_decoded(&self) -> bool {
        self.encoding.is_some()
    }

    /// Reads it from the beginning, unpacked and decoded.
    ///
    /// # Errors
    /// It is not there, is no regular file, or is not packed as its name says.
    pub fn reader(&self) -> io::Result<Box<dyn Read + Send>> {
        let raw = self.raw()?;
        let unpacked = match self.packing {
            Some(packing) => packing.unpack(raw),
            None => raw,
        };
        Ok(match self.encoding {
            Some(encoding) => Box::new(Decoding::new(unpacked, encoding)),
            None => unpacked,
        })
    }

    /// Reads the bytes as they are.
    ///
    /// # Errors
    /// It is not there, or is no regular file.
    pub fn raw(&self) -> io::Result<Box<dyn Read + Send>> {
        match &self.origin {
            Origin::Memory(bytes) => Ok(Box::new(Cursor::new(Arc::clone(bytes)))),
            Origin::Spool(spool) => Ok(Box::new(BufReader::new(spool.reader()))),
            Origin::File(path) => {
                // A pipe cannot be read twice, and a device may never end.
                if !std::fs::metadata(path)?.is_file() {
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
                }
                Ok(Box::new(File::open(path)?))
            }
        }
    }

    /// Reads it from any place; what is packed is unpacked into a private file first.
    pub(crate) fn seekable(&self) -> io::Result<SpoolReader> {
        match &self.origin {
            Origin::File(path) if self.packing.is_none() => Ok(SpoolReader::of_file(File::open(path)?)),
            Origin::Spool(spool) if self.packing.is_none() => Ok(spool.reader()),
            _ => Spool::of(&mut *self.reader()?).map(|spool| spool.reader()),
        }
    }

    /// The first bytes, unpacked and decoded; fewer only where there are no more.
    ///
    /// # Errors
    /// As [`Content::reader`].
    pub fn start(&self, count: u64) -> io::Result<Vec<u8>> {
        let mut start = Vec::new();
        self.reader()?.take(count).read_to_end(&mut start)?;
        Ok(start)
    }
}
