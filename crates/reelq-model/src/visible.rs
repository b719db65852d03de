//! Texts from outside, made safe to look at.

use std::borrow::Cow;

/// Whether a character steers a terminal, or cannot be seen and changes how what surrounds it is read: controls (C0 and C1),
/// those of the direction of writing, those without a width, invisible tags. Line ends and tabs are not among them.
pub fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' => true,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}' => true,
        c => c.is_control(),
    }
}

/// The text with every hidden character written as an escape that can be seen, such as `\u{1b}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hidden(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

/// JSON in which every hidden character is an escape, which reads back as the same text. They stand in texts only.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    if !json.contains(is_hidden) {
        return Cow::Borrowed(json);
    }
    let (mut shown, mut units) = (String::with_capacity(json.len() + 8), [0; 2]);
    for c in json.chars() {
        if is_hidden(c) {
            shown.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// A hidden character as one that can be seen, so that the line keeps its columns.
pub fn visible_char(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() || is_hidden(c) => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_written_out_and_the_rest_stays() {
        let hostile = "a\u{1b}]0;owned\u{7} \u{9b}2J\r\u{202e}gpj.\u{2066}x\u{200b}\u{feff}\u{e0041}\u{7f}";
        let shown = visible(hostile);
        assert!(!shown.contains(is_hidden), "{shown}");
        assert!(shown.starts_with("a\\u{1b}]0;owned\\u{7} \\u{9b}2J\\r\\u{202e}gpj."), "{shown}");
        let plain = "ein Löwe\n\tライオン 🦁 العربية";
        assert!(matches!(visible(plain), Cow::Borrowed(same) if same == plain));
    }
}
