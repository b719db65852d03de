//! Bytes of a file at a place.

use std::io::{self, Read, Seek, SeekFrom};

/// At most `count` bytes from byte `from` on; fewer where the file ends before.
pub(super) fn at(file: &mut (impl Read + Seek), from: u64, count: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// At most the last `count` bytes of a file of this length.
pub(super) fn last(file: &mut (impl Read + Seek), length: u64, count: u64) -> io::Result<Vec<u8>> {
    at(file, length.saturating_sub(count), count)
}

/// Where `part` last is in `whole`.
pub(super) fn rfind(whole: &[u8], part: &[u8]) -> Option<usize> {
    whole.windows(part.len()).rposition(|window| window == part)
}

/// The bytes without the padding that some writers leave at the end.
pub(super) fn without_padding(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !matches!(byte, 0 | b'\n' | b'\r')).map_or(0, |last| last + 1);
    &bytes[..end]
}
