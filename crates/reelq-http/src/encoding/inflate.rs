//! Decoders that are fed piece by piece, and never give more than there is room for.

use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use flate2::write::{DeflateDecoder, GzDecoder, ZlibDecoder};

/// What a decoder gave since it was last emptied.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    pub(crate) bytes: Vec<u8>,
    /// How many bytes may lie here.
    pub(crate) room: usize,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let free = self.room.saturating_sub(self.bytes.len());
        if free == 0 && !bytes.is_empty() {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let taken = bytes.len().min(free);
        self.bytes.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A decoder: encoded bytes are written to it, decoded ones lie in its sink. It takes none once its stream has ended.
pub(crate) trait Inflate: Write + Send + Sync {
    /// Where the decoded bytes lie.
    fn sink(&mut self) -> &mut Sink;

    /// Checks that the encoded bytes ended where they should.
    fn close(&mut self) -> io::Result<()>;
}

/// Gzip: one member or several, with or without padding behind them.
pub(crate) struct Gunzip(GzDecoder<Sink>);

impl Gunzip {
    pub(crate) fn new() -> Self {
        Self(GzDecoder::new(Sink::default()))
    }
}

impl Write for Gunzip {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.0.write(bytes)?;
        if taken > 0 || bytes.is_empty() {
            return Ok(taken);
        }
        if !matches!(bytes, [0x1f] | [0x1f, 0x8b, ..]) {
            return Ok(0);
        }
        self.0.try_finish()?;
        let sink = std::mem::take(self.0.get_mut());
        self.0 = GzDecoder::new(sink);
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Inflate for Gunzip {
    fn sink(&mut self) -> &mut Sink {
        self.0.get_mut()
    }

    fn close(&mut self) -> io::Result<()> {
        self.0.try_finish()
    }
}

impl Inflate for ZlibDecoder<Sink> {
    fn sink(&mut self) -> &mut Sink {
        self.get_mut()
    }

    fn close(&mut self) -> io::Result<()> {
        self.try_finish()
    }
}

impl Inflate for DeflateDecoder<Sink> {
    fn sink(&mut self) -> &mut Sink {
        self.get_mut()
    }

    fn close(&mut self) -> io::Result<()> {
        self.try_finish()
    }
}

impl Inflate for DecompressorWriter<Sink> {
    fn sink(&mut self) -> &mut Sink {
        self.get_mut()
    }

    fn close(&mut self) -> io::Result<()> {
        Self::close(self)
    }
}
