//! Bytes to text.

use std::borrow::Cow;

#[derive(Clone, Copy)]
enum Endian {
    Little,
    Big,
}

/// The text of a body: UTF-8 with its faults replaced, or UTF-16 where a mark or the zeros between letters say so.
pub fn decode(body: &[u8]) -> Cow<'_, str> {
    match body {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, Endian::Little).into(),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, Endian::Big).into(),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest),
        [1..=255, 0, 1..=255, 0, ..] => utf16(body, Endian::Little).into(),
        [0, 1..=255, 0, 1..=255, ..] => utf16(body, Endian::Big).into(),
        _ => String::from_utf8_lossy(body),
    }
}

fn utf16(bytes: &[u8], order: Endian) -> String {
    let pairs = bytes.chunks_exact(2).map(|pair| <[u8; 2]>::try_from(pair).unwrap_or_default());
    let units = pairs.map(|pair| match order {
        Endian::Little => u16::from_le_bytes(pair),
        Endian::Big => u16::from_be_bytes(pair),
    });
    char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
