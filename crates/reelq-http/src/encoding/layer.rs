//! Undoes codings piece by piece, each only if its first bytes bear the header out.

use std::{
    fmt,
    io::{self, ErrorKind},
};

use brotli_decompressor::DecompressorWriter;
use flate2::write::{DeflateDecoder, ZlibDecoder};

use super::{
    Coding,
    aws_chunked::{self, Frames},
    inflate::{Gunzip, Inflate, Sink},
};

/// Pieces that decoders are fed: what one of them gives before it fails is kept.
const PIECE: usize = 1 << 10;

/// The buffer of the brotli decoder.
const BROTLI_BUFFER: usize = 1 << 14;

/// One coding in the course of being undone.
enum Layer {
    /// Its first bytes are not all here.
    Undecided(Coding, Vec<u8>),
    /// The header lied: the bytes are plain.
    Plain,
    Coded(Box<dyn Inflate>),
}

/// What is known of a body from its first bytes.
enum Sniffed {
    NeedsMore,
    Plain,
    Coded(Box<dyn Inflate>),
}

impl Layer {
    fn decide(&mut self, is_end: bool) -> io::Result<Vec<u8>> {
        let Self::Undecided(coding, head) = self else { return Ok(Vec::new()) };
        let head = std::mem::take(head);
        *self = match sniff(*coding, &head, is_end)? {
            Sniffed::NeedsMore => {
                *self = Self::Undecided(*coding, head);
                return Ok(Vec::new());
            }
            Sniffed::Plain => Self::Plain,
            Sniffed::Coded(decoder) => Self::Coded(decoder),
        };
        Ok(head)
    }

    /// Adds what `bytes` decode to; what came before a fault is added as well.
    fn push(&mut self, bytes: Vec<u8>, room: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let bytes = match self {
            Self::Undecided(_, head) => {
                head.extend_from_slice(&bytes);
                self.decide(false)?
            }
            _ => bytes,
        };
        match self {
            Self::Undecided(..) => Ok(()),
            Self::Plain => {
                out.extend_from_slice(&bytes);
                Ok(())
            }
            Self::Coded(decoder) => feed(decoder.as_mut(), &bytes, room, out),
        }
    }

    fn end(&mut self, room: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let head = self.decide(true)?;
        self.push(head, room, out)?;
        match self {
            Self::Coded(decoder) => {
                decoder.sink().room = room;
                let closed = decoder.close();
                out.append(&mut decoder.sink().bytes);
                closed
            }
            _ => Ok(()),
        }
    }
}

fn feed(decoder: &mut dyn Inflate, bytes: &[u8], room: usize, out: &mut Vec<u8>) -> io::Result<()> {
    for mut piece in bytes.chunks(PIECE) {
        while !piece.is_empty() {
            decoder.sink().room = room.saturating_sub(out.len());
            let written = decoder.write(piece).and_then(|taken| decoder.flush().map(|()| taken));
            out.append(&mut decoder.sink().bytes);
            match written? {
                // Its stream is over; what lies behind it is not the body's.
                0 => return Ok(()),
                taken => piece = &piece[taken..],
            }
        }
    }
    Ok(())
}

fn sniff(coding: Coding, head: &[u8], is_end: bool) -> io::Result<Sniffed> {
    let enough = match coding {
        Coding::AwsChunked => aws_chunked::begins(head).is_some(),
        Coding::Gzip => head.len() >= 2,
        Coding::Deflate | Coding::Brotli | Coding::Zstd => head.len() >= 8,
    };
    if !enough && !is_end {
        return Ok(Sniffed::NeedsMore);
    }
    let decoder: Option<Box<dyn Inflate>> = match coding {
        _ if head.is_empty() || is_mp4(head) => None,
        Coding::AwsChunked if aws_chunked::begins(head) == Some(true) => Some(Box::new(Frames::new())),
        Coding::Gzip if head.starts_with(&[0x1f, 0x8b]) => Some(Box::new(Gunzip::new())),
        Coding::Deflate if is_zlib(head) => Some(Box::new(ZlibDecoder::new(Sink::default()))),
        Coding::Deflate => Some(Box::new(DeflateDecoder::new(Sink::default()))),
        Coding::Brotli => Some(Box::new(DecompressorWriter::new(Sink::default(), BROTLI_BUFFER))),
        Coding::Zstd if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) => return Err(ErrorKind::Unsupported.into()),
        _ => None,
    };
    Ok(decoder.map_or(Sniffed::Plain, Sniffed::Coded))
}

/// Videos are what is fetched, and servers claim codings for them that they never applied.
fn is_mp4(head: &[u8]) -> bool {
    matches!(head.get(4..8), Some(b"ftyp" | b"styp" | b"moov" | b"free" | b"wide" | b"skip"))
}

/// RFC 1950: the method, and a checksum of the first two bytes. Some servers send what follows alone.
fn is_zlib(head: &[u8]) -> bool {
    matches!(head, [method, flags, ..] if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0)
}

/// The codings of one body, the outermost first.
pub(crate) struct Layers(Vec<Layer>);

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Layers").field(&self.0.len()).finish()
    }
}

impl Layers {
    pub(crate) fn new(codings: &[Coding]) -> Self {
        Self(codings.iter().map(|coding| Layer::Undecided(*coding, Vec::new())).collect())
    }

    /// Whether the first bytes would show every coding if it is there.
    pub(crate) fn are_decided(&self) -> bool {
        !self.0.iter().any(|layer| matches!(layer, Layer::Undecided(..)))
    }

    /// Whether the bytes are those that the server sends, none of them changed.
    pub(crate) fn are_plain(&self) -> bool {
        self.0.iter().all(|layer| matches!(layer, Layer::Plain))
    }

    /// Whether there is a coding that knows by itself where the body ends.
    pub(crate) fn tell_the_end(&self) -> bool {
        self.0.iter().any(|layer| matches!(layer, Layer::Coded(_)))
    }

    /// What `bytes` decode to, at most `room` bytes, and what went wrong behind them.
    pub(crate) fn push(&mut self, bytes: &[u8], room: usize) -> (Vec<u8>, io::Result<()>) {
        self.run(bytes.to_vec(), room, false)
    }

    /// What was held back, and whether the body ended where it should.
    pub(crate) fn end(&mut self, room: usize) -> (Vec<u8>, io::Result<()>) {
        self.run(Vec::new(), room, true)
    }

    fn run(&mut self, mut bytes: Vec<u8>, room: usize, is_end: bool) -> (Vec<u8>, io::Result<()>) {
        let mut fault = Ok(());
        for layer in &mut self.0 {
            let mut out = Vec::new();
            let mut done = layer.push(bytes, room, &mut out);
            if is_end && done.is_ok() {
                done = layer.end(room.saturating_sub(out.len()), &mut out);
            }
            (bytes, fault) = (out, fault.and(done));
        }
        (bytes, fault)
    }
}
