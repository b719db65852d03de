//! `WebM` and Matroska: elements with an id, a length and content.

use std::io::{self, Read, Seek};

use super::{Media, bytes, error::ContentError, error::cut_off, shown};

const HEADER: u64 = 0x1a45_dfa3;
const SEGMENT: u64 = 0x1853_8067;
const CLUSTER: u64 = 0x1f43_b675;
/// The header is a few dozen bytes long.
const FRONT_BYTES: u64 = 4 << 10;
/// More elements than any honest file has at the levels that are read.
const ELEMENTS_MAX: u32 = 100_000;

/// An element's head.
struct Element {
    id: u64,
    /// Where its content begins.
    content: u64,
    /// Where it ends; `None` where its writer did not know.
    end: Option<u64>,
}

pub(super) fn judge(file: &mut (impl Read + Seek), length: u64) -> Result<Media, ContentError> {
    let front = bytes::at(file, 0, FRONT_BYTES)?;
    let (kind, media) = match (bytes::rfind(&front, b"webm"), bytes::rfind(&front, b"matroska")) {
        (Some(_), None) => ("WebM", Media::Webm),
        (_, Some(_)) => ("Matroska file", Media::Matroska),
        (None, None) if length < FRONT_BYTES => return Err(cut_off("Matroska file", "it ends in its header")),
        (None, None) => return Err(ContentError::Unknown(shown(&front))),
    };
    let mut at = 0;
    let mut holds_more = false;
    for _ in 0..ELEMENTS_MAX {
        let Some(element) = element(file, at)? else { break };
        if element.end.is_some_and(|end| end > length) {
            return Err(cut_off(kind, "an element ends after the file"));
        }
        holds_more |= element.id != HEADER;
        // What has no known end is looked into.
        let is_open = matches!(element.id, SEGMENT | CLUSTER) && element.end.is_none();
        at = if is_open || element.id == SEGMENT { element.content } else { element.end.unwrap_or(length) };
    }
    if holds_more { Ok(media) } else { Err(cut_off(kind, "nothing follows its header")) }
}

/// The element at `at`; `None` at the end of the file, and where there is none.
fn element(file: &mut (impl Read + Seek), at: u64) -> io::Result<Option<Element>> {
    let head = bytes::at(file, at, 12)?;
    let Some((id, id_bytes)) = number(&head, 4, false) else { return Ok(None) };
    let Some((size, size_bytes)) = head.get(id_bytes..).and_then(|rest| number(rest, 8, true)) else { return Ok(None) };
    let content = at.saturating_add((id_bytes + size_bytes) as u64);
    let is_untold = size == (1 << (7 * size_bytes)) - 1;
    let end = (!is_untold).then(|| content.saturating_add(size));
    Ok(Some(Element { id, content, end }))
}

/// A number that says by its first byte how many bytes it has, and how many those are.
fn number(bytes: &[u8], bytes_max: usize, without_mark: bool) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let count = first.leading_zeros() as usize + 1;
    let digits = bytes.get(..count).filter(|_| count <= bytes_max)?;
    let value = digits.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    Some((if without_mark { value & !(1 << (7 * count)) } else { value }, count))
}
