//! Says what a whole file is, by its content alone, and notices a cut where the format shows it.
//!
//! Pure over a reader; whatever the bytes are, it answers and never panics.

mod bytes;
mod error;
mod gif;
mod jpeg;
mod kind;
mod matroska;
mod mp3;
mod png;
mod riff;

use std::io::{Read, Seek, SeekFrom};

pub use self::{
    error::ContentError,
    kind::{Class, Media},
};
use crate::mp4;

/// Bytes at the beginning that distinguish formats.
const HEAD_BYTES: u64 = 64;

/// Judges a file from its beginning.
pub fn judge(file: &mut (impl Read + Seek)) -> Result<Media, ContentError> {
    let length = file.seek(SeekFrom::End(0))?;
    let head = bytes::at(file, 0, HEAD_BYTES)?;
    match head.as_slice() {
        [] => Err(ContentError::Empty),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => png::judge(file, length),
        [0xff, 0xd8, 0xff, ..] => jpeg::judge(file, length),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => gif::judge(file, length),
        [b'R', b'I', b'F', b'F', ..] => riff::judge(&head, length),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => matroska::judge(file, length),
        [b'I', b'D', b'3', ..] => mp3::judge_tagged(&head, length),
        [_, _, _, _, kind @ ..] if kind.first_chunk().is_some_and(|kind| mp4::may_begin(*kind)) => {
            Ok(mp4::judge(file)?)
        }
        _ if mp3::begins(&head) => mp3::judge(&head, length),
        _ => Err(ContentError::Unknown(shown(&head))),
    }
}

fn shown(head: &[u8]) -> String {
    head.iter().take(16).copied().collect::<Vec<_>>().escape_ascii().to_string()
}

#[cfg(test)]
mod tests;
