//! Text of another encoding as UTF-8, in pieces.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding};

const PIECE: usize = 32 * 1024;

/// Reads UTF-8 out of another encoding; a mark of byte order at the beginning is passed over.
pub(crate) struct Decoding {
    reader: Box<dyn Read + Send>,
    decoder: Decoder,
    encoding: &'static Encoding,
    /// Bytes that were read and not decoded yet.
    raw: Vec<u8>,
    decoded: Vec<u8>,
    at: usize,
    /// Bytes that were decoded.
    taken: u64,
    is_ended: bool,
}

impl Decoding {
    pub(crate) fn new(reader: Box<dyn Read + Send>, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { reader, decoder, encoding, raw: Vec::new(), decoded: Vec::new(), at: 0, taken: 0, is_ended: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.decoded.resize(PIECE * 4, 0);
        self.at = 0;
        if self.raw.is_empty() {
            self.raw.resize(PIECE, 0);
            let count = self.reader.read(&mut self.raw)?;
            self.raw.truncate(count);
        }
        let is_last = self.raw.is_empty();
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(&self.raw, &mut self.decoded, is_last);
        self.taken += read as u64;
        self.raw.drain(..read);
        self.decoded.truncate(written);
        if matches!(result, DecoderResult::Malformed(..)) {
            let rule = format!("what stands before byte position {} is not valid {}", self.taken, self.encoding.name());
            return Err(io::Error::new(io::ErrorKind::InvalidData, rule));
        }
        self.is_ended = is_last;
        Ok(())
    }
}

impl Read for Decoding {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.decoded.len() && !self.is_ended {
            match self.fill() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                filled => filled?,
            }
        }
        let count = (self.decoded.len() - self.at).min(into.len());
        into[..count].copy_from_slice(&self.decoded[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
