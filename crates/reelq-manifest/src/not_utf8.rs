//! Bytes that are no UTF-8, where they stand.

use std::{path::Path, str::Utf8Error, sync::Arc};

use crate::{Problem, location::Layer};

/// A problem with bytes that are no UTF-8, at a line and a byte position of the file.
pub(crate) fn not_utf8(file: &Arc<Path>, raw: &[u8], offset: u64, line: u64, error: Utf8Error) -> Problem {
    let bad = error.valid_up_to();
    let byte = raw.get(bad).copied().unwrap_or_default();
    let position = offset + bad as u64;
    let text = String::from_utf8_lossy(raw);
    // Everything before the bad byte is valid, so the position is the same in the fixed text.
    let layer = Layer::plain(file, &text, line);
    let rule = format!("the file is not UTF-8: byte {byte:#04x} at byte position {position}");
    let hint = format!(
        "save it again as UTF-8 (in Excel: \"CSV UTF-8\"); in Windows-1252 this byte would be `{}`",
        encoding(byte)
    );
    layer.problem(bad..bad + '\u{fffd}'.len_utf8(), rule).with_hint(hint)
}

/// The Latin character of a byte; good enough to recognise an encoding by.
fn encoding(byte: u8) -> char {
    match byte {
        0x80 => '€',
        0x85 => '…',
        0x91 | 0x92 => '’',
        0x93 => '“',
        0x94 => '”',
        0x96 => '–',
        0x97 => '—',
        byte if (0x80..0xa0).contains(&byte) => '?',
        byte => char::from(byte),
    }
}
