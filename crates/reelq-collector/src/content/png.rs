//! PNG: a whole one ends with its `IEND` chunk.

use std::io::{Read, Seek};

use super::{Media, bytes, error::ContentError, error::cut_off};

/// Where `IEND` is looked for; some writers add a few bytes of their own.
const TAIL_BYTES: u64 = 64 << 10;
/// The chunk's name and its checksum.
const END_BYTES: usize = 8;
/// An animated one says so before its first picture.
const FRONT_BYTES: u64 = 4 << 10;

pub(super) fn judge(file: &mut (impl Read + Seek), length: u64) -> Result<Media, ContentError> {
    let tail = bytes::last(file, length, TAIL_BYTES)?;
    let end = bytes::rfind(&tail, b"IEND").filter(|at| tail.len().saturating_sub(*at) >= END_BYTES);
    if end.is_none() {
        return Err(cut_off("PNG", "it has no IEND chunk"));
    }
    let is_animated = bytes::rfind(&bytes::at(file, 0, FRONT_BYTES)?, b"acTL").is_some();
    Ok(if is_animated { Media::AnimatedPng } else { Media::Png })
}
