//! Texts from outside, cleaned where they enter: they go into logs, terminals and manifests.

use serde_json::Value;

/// Longer texts are cut.
pub(super) const MESSAGE_CHARS_MAX: usize = 300;

/// One line of bounded length, without control characters and without marks that turn the direction of writing.
pub(crate) fn clean(text: &str) -> String {
    let plain = text.chars().filter(|letter| !turns_or_hides(*letter));
    let plain = plain.map(|letter| if letter.is_control() || is_line_end(letter) { ' ' } else { letter });
    plain.take(MESSAGE_CHARS_MAX).collect::<String>().trim().to_owned()
}

/// Whether nothing in a text moves a terminal's cursor or turns its direction.
pub(super) fn is_clean(text: &str) -> bool {
    text.chars().all(|letter| !letter.is_control() && !is_line_end(letter) && !turns_or_hides(letter))
}

const fn turns_or_hides(letter: char) -> bool {
    matches!(
        letter,
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{061C}' | '\u{FEFF}'
    )
}

const fn is_line_end(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}')
}

/// A text, or a number that stands for one; never blank.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Lower case, with one blank for every run of what is neither letter nor digit: `Task_NOT-found.` is `task not found`.
pub(super) fn plain_words(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

const QUOTES: [(char, char); 8] =
    [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’'), ('«', '»'), ('「', '」'), ('『', '』')];

/// A text without what stands in quotes, also where a quote does not end. A mark inside a word is an apostrophe.
pub(super) fn outside_quotes(text: &str) -> String {
    let (mut outside, mut open, mut before) = (String::new(), None, ' ');
    for (at, letter) in text.char_indices() {
        let next = text[at + letter.len_utf8()..].chars().next().unwrap_or(' ');
        match open {
            Some(end) if letter == end && !next.is_alphanumeric() => open = None,
            Some(_) => {}
            None => match QUOTES.iter().find(|(begin, _)| *begin == letter && !before.is_alphanumeric()) {
                Some((_, end)) => open = Some(*end),
                None => outside.push(letter),
            },
        }
        before = letter;
    }
    outside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_terminals_cursor_or_turns_its_text_gets_through() {
        assert_eq!(clean("a\u{1b}[31mb\u{9b}2Jc\r\nd\u{202e}e\u{2066}f\u{200f}g\u{2028}h"), "a [31mb 2Jc  defg h");
        assert_eq!(clean(&"x".repeat(9_999)).len(), 300);
        assert_eq!(clean("\u{202e}\u{7}"), "");
    }

    #[test]
    fn words_are_compared_without_their_marks() {
        assert_eq!(plain_words("  Task_NOT-found: `x`."), "task not found x");
    }
}
