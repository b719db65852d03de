//! A byte stream that can be looked at before it is taken, and given back.

use std::{
    fmt,
    io::{self, Read},
};

/// Reads in large pieces and hands out single bytes.
pub struct Bytes {
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    at: usize,
    /// How many bytes of the file were taken.
    offset: u64,
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bytes").field("offset", &self.offset).finish_non_exhaustive()
    }
}

const PIECE: usize = 64 * 1024;

impl Bytes {
    /// Reads from the beginning of what the reader has left.
    pub fn new(reader: Box<dyn Read + Send>) -> Self {
        Self { reader, buffer: Vec::new(), at: 0, offset: 0 }
    }

    /// How many bytes were taken so far.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Looks at up to `count` bytes without taking them; fewer only at the end.
    pub fn start(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.buffer.len() - self.at < count && self.fill()? > 0 {}
        let end = self.buffer.len().min(self.at + count);
        Ok(&self.buffer[self.at..end])
    }

    fn fill(&mut self) -> io::Result<usize> {
        self.buffer.drain(..self.at);
        self.at = 0;
        let kept = self.buffer.len();
        self.buffer.resize(kept + PIECE, 0);
        loop {
            match self.reader.read(&mut self.buffer[kept..]) {
                Ok(length) => {
                    self.buffer.truncate(kept + length);
                    return Ok(length);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.buffer.truncate(kept);
                    return Err(error);
                }
            }
        }
    }

    /// Passes over marks of UTF-8; programs that join files leave several.
    pub fn skip_bom(&mut self) {
        while self.buffer[self.at..].starts_with(b"\xef\xbb\xbf") {
            self.at += 3;
            self.offset += 3;
        }
    }

    /// The next byte, which is not taken; `None` at the end.
    ///
    /// # Errors
    /// The reader fails.
    pub fn peek(&mut self) -> io::Result<Option<u8>> {
        if self.at == self.buffer.len() && self.fill()? == 0 {
            return Ok(None);
        }
        Ok(self.buffer.get(self.at).copied())
    }

    /// Takes the next byte; `None` at the end.
    ///
    /// # Errors
    /// The reader fails.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator of results would have to be transposed at each byte"
    )]
    pub fn next(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if byte.is_some() {
            self.at += 1;
            self.offset += 1;
        }
        Ok(byte)
    }

    /// Gives bytes back that were the last ones taken.
    pub fn give_back(&mut self, bytes: &[u8]) {
        self.buffer.splice(..self.at, bytes.iter().copied());
        self.at = 0;
        self.offset = self.offset.saturating_sub(bytes.len() as u64);
    }

    /// Takes one physical line without its end, of which at most `limit` bytes are kept; `None` at the end.
    pub fn line(&mut self, limit: usize) -> io::Result<Option<RawLine>> {
        let mut line = RawLine { offset: self.offset, bytes: Vec::new(), whole: true };
        if self.peek()?.is_none() {
            return Ok(None);
        }
        while let Some(byte) = self.next()? {
            match byte {
                b'\n' => break,
                b'\r' => {
                    if self.peek()? == Some(b'\n') {
                        self.next()?;
                    }
                    break;
                }
                _ if line.bytes.len() >= limit => line.whole = false,
                _ => line.bytes.push(byte),
            }
        }
        Ok(Some(line))
    }
}

/// A physical line.
#[derive(Debug)]
pub struct RawLine {
    /// Where it begins in the file.
    pub offset: u64,
    /// The line without its end, as far as it was kept.
    pub bytes: Vec<u8>,
    /// Whether all of it was kept.
    pub whole: bool,
}
