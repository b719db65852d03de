//! Packed files: which packing they have, and their bytes without it.

use std::{
    ffi::OsStr,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstandard,
}

impl Packing {
    /// What the file's first bytes say; a name may lie.
    pub fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstandard),
            _ => None,
        }
    }

    /// The file's name without the ending of a packing: `prompts.csv` for `prompts.csv.gz`.
    pub fn plain_name(path: &Path) -> PathBuf {
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
        if matches!(ending.as_str(), "gz" | "gzip" | "zst" | "zstd") {
            path.with_extension("")
        } else {
            path.to_owned()
        }
    }

    pub(crate) fn unpack(self, packed: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        match self {
            Self::Gzip => Box::new(flate2::read::MultiGzDecoder::new(packed)),
            Self::Zstandard => Box::new(Frames::new(packed)),
        }
    }
}

type Packed = BufReader<Box<dyn Read + Send>>;
type Frame = ruzstd::decoding::StreamingDecoder<Packed, ruzstd::decoding::FrameDecoder>;

/// Files of several frames are one text, as they are for `zstd -d`.
struct Frames {
    packed: Option<Packed>,
    frame: Option<Box<Frame>>,
}

impl Frames {
    fn new(packed: Box<dyn Read + Send>) -> Self {
        Self { packed: Some(BufReader::new(packed)), frame: None }
    }
}

impl Read for Frames {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        use std::io::BufRead as _;
        loop {
            if let Some(frame) = &mut self.frame {
                let count = frame.read(into)?;
                if count > 0 || into.is_empty() {
                    return Ok(count);
                }
            }
            if let Some(ended) = self.frame.take() {
                self.packed = Some(ended.into_inner());
            }
            let Some(mut packed) = self.packed.take() else { return Ok(0) };
            if packed.fill_buf()?.is_empty() {
                return Ok(0);
            }
            let frame = ruzstd::decoding::StreamingDecoder::new(packed)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
            self.frame = Some(Box::new(frame));
        }
    }
}
