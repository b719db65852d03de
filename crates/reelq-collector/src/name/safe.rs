//! Makes one part of a path safe on every system.

/// Names that Windows keeps for devices, whatever follows after a dot.
const RESERVED: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// Files of our own in the output place.
const OURS: [&str; 2] = ["results.csv", "results.jsonl"];

/// The longest part in bytes; file systems take 255, and suffixes of ours need room.
const PART_BYTES_MAX: usize = 180;

/// The longest value in bytes that a row may put into a name.
const VALUE_BYTES_MAX: usize = 80;

/// What follows the last dot is an extension up to this many bytes.
const EXTENSION_BYTES_MAX: usize = 12;

/// A value with every character replaced that could mean something to a file system.
pub(super) fn value(text: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '=' | '@') { c } else { '_' };
    let text: String = text.chars().map(safe).collect();
    let text = cut(&text, VALUE_BYTES_MAX);
    if text.is_empty() { "_".to_owned() } else { text.to_owned() }
}

/// A whole part of a path, made safe; `mark` distinguishes it from others where it must be shortened.
pub(super) fn part(text: &str, mark: &str) -> String {
    let safe = |c: char| if is_unseen(c) || r#"<>:"/\|?*"#.contains(c) { '_' } else { c };
    let mut part: String = text.chars().map(safe).collect();
    if part.len() > PART_BYTES_MAX {
        part = shortened(&part, mark);
    }
    if part.ends_with(['.', ' ']) {
        part.push('_');
    }
    // A name that begins with a dash would be a flag to whoever writes `rm *`.
    if part.starts_with(['.', ' ', '-'])
        || is_reserved(&part)
        || OURS.iter().any(|ours| part.eq_ignore_ascii_case(ours))
    {
        part.insert(0, '_');
    }
    if part.is_empty() { "_".to_owned() } else { part }
}

/// Characters that show nothing, or turn what is shown around: a name with them is not what it seems.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

fn shortened(part: &str, mark: &str) -> String {
    let (stem, extension) = match part.rsplit_once('.') {
        Some((stem, extension)) if extension.len() <= EXTENSION_BYTES_MAX => (stem, format!(".{extension}")),
        _ => (part, String::new()),
    };
    let room = PART_BYTES_MAX.saturating_sub(mark.len() + extension.len() + 1);
    format!("{}-{mark}{extension}", cut(stem, room))
}

/// At most `bytes` bytes of `text`, whole characters only.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

fn is_reserved(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    if RESERVED.contains(&stem.as_str()) {
        return true;
    }
    let number = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    number.is_some_and(|number| matches!(number.chars().collect::<Vec<_>>()[..], ['0'..='9' | '¹' | '²' | '³']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_parts_become_harmless() {
        let cases = [
            ("..", "_.._"),
            (".", "_._"),
            ("", "_"),
            ("con", "_con"),
            ("CON.mp4", "_CON.mp4"),
            ("nul .mp4", "_nul .mp4"),
            ("com1.mp4", "_com1.mp4"),
            ("com10.mp4", "com10.mp4"),
            ("lpt².x", "_lpt².x"),
            ("a:b|c.mp4", "a_b_c.mp4"),
            ("a\0b\n.mp4", "a_b_.mp4"),
            ("trailing.", "trailing._"),
            (".hidden", "_.hidden"),
            ("-rf", "_-rf"),
            ("--yes.mp4", "_--yes.mp4"),
            ("Results.CSV", "_Results.CSV"),
            ("clip\u{202e}4pm.exe", "clip_4pm.exe"),
            ("a\u{85}b\u{9b}31m.mp4", "a_b_31m.mp4"),
            ("a\u{200b}b\u{2066}c\u{feff}.mp4", "a_b_c_.mp4"),
            ("a\u{2028}b\u{e0041}.mp4", "a_b_.mp4"),
        ];
        for (text, expected) in cases {
            assert_eq!(part(text, "m"), expected, "{text:?}");
        }
    }

    #[test]
    fn long_part_is_shortened_and_keeps_mark_and_extension() {
        let name = part(&format!("{}.mp4", "é".repeat(200)), "0123abcd");
        assert!(name.len() <= PART_BYTES_MAX && name.ends_with("-0123abcd.mp4"), "{name}");
        let name = part(&format!("{}.png.unverified", "x".repeat(300)), "0123abcd");
        assert!(name.len() <= PART_BYTES_MAX && name.ends_with("-0123abcd.unverified"), "{name}");
    }
}
