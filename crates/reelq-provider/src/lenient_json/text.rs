//! Texts and their escapes.

/// Reads the text whose opening quote is at `start`: its content, and the position after its closing quote. `None` where it
/// is not closed.
pub(super) fn text(whole: &str, start: usize) -> Option<(String, usize)> {
    let bytes = whole.as_bytes();
    let quote = *bytes.get(start)?;
    let (mut content, mut at) = (String::new(), start + 1);
    loop {
        let length = bytes.get(at..)?.iter().position(|byte| *byte == quote || *byte == b'\\')?;
        content.push_str(&whole[at..at + length]);
        at += length;
        if bytes[at] == quote {
            return Some((content, at + 1));
        }
        let (letter, after) = escape(whole, at + 1)?;
        content.push(letter);
        at = after;
    }
}

/// The letter that the escape after a backslash stands for, and the position after it.
fn escape(whole: &str, at: usize) -> Option<(char, usize)> {
    let letter = whole[at..].chars().next()?;
    let plain = match letter {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return Some(unicode(whole.as_bytes(), at + 1)),
        other => other,
    };
    Some((plain, at + letter.len_utf8()))
}

/// A `\u` escape from its first digit on. Halves of a pair that stand alone, and escapes that are cut, are replaced.
fn unicode(bytes: &[u8], at: usize) -> (char, usize) {
    let (first, after) = hex(bytes, at);
    let Some(first) = first else { return (char::REPLACEMENT_CHARACTER, after) };
    if let Some(letter) = char::from_u32(first) {
        return (letter, after);
    }
    let is_first_half = (0xD800..0xDC00).contains(&first) && bytes.get(after..after + 2) == Some(b"\\u");
    if is_first_half && let (Some(second @ 0xDC00..0xE000), end) = hex(bytes, after + 2) {
        let letter = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return (char::from_u32(letter).unwrap_or(char::REPLACEMENT_CHARACTER), end);
    }
    (char::REPLACEMENT_CHARACTER, after)
}

/// Four hex digits as a number, and the position after those that are there.
fn hex(bytes: &[u8], at: usize) -> (Option<u32>, usize) {
    let digits = bytes[at..].iter().take(4).map_while(|byte| char::from(*byte).to_digit(16));
    let (count, number) = digits.fold((0, 0), |(count, number), digit| (count + 1, number * 16 + digit));
    ((count == 4).then_some(number), at + count)
}
