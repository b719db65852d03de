//! The normal form of texts: what people cannot see is no part of what they ask for.

use std::borrow::Cow;

use serde_json::Value;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use crate::Fields;

/// Signs without width that spreadsheets and editors leave at the edges of a text.
const fn is_edge(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{feff}')
}

/// The text without blanks at its edges, with `\n` as its only line end, in Unicode's normal form C.
///
/// An address (`https://…`, `data:…`) is only trimmed: its bytes name something.
pub fn normal_text(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || is_edge(c));
    if is_address(trimmed) || (is_nfc(trimmed) && !trimmed.contains('\r')) {
        return Cow::Borrowed(trimmed);
    }
    Cow::Owned(trimmed.replace("\r\n", "\n").replace('\r', "\n").nfc().collect())
}

fn is_address(text: &str) -> bool {
    (text.contains("://") || text.starts_with("data:")) && !text.contains(char::is_whitespace)
}

/// Brings every text of a request's fields into its normal form, also inside lists and objects. Names stay as they are.
pub fn normalise(fields: &mut Fields) {
    fields.values_mut().for_each(normalise_value);
}

/// The fields in their normal form; they are copied only where that is another one.
pub fn normal(fields: &Fields) -> Cow<'_, Fields> {
    if fields.values().all(is_normal) {
        return Cow::Borrowed(fields);
    }
    let mut other = fields.clone();
    normalise(&mut other);
    Cow::Owned(other)
}

fn is_normal(value: &Value) -> bool {
    match value {
        Value::String(text) => matches!(owned_if_other(text), Cow::Borrowed(_)),
        Value::Array(items) => items.iter().all(is_normal),
        Value::Object(fields) => fields.values().all(is_normal),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

fn normalise_value(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(normal) = owned_if_other(text) {
                *text = normal;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(normalise_value),
        Value::Object(fields) => normalise(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn owned_if_other(text: &str) -> Cow<'_, str> {
    match normal_text(text) {
        Cow::Borrowed(same) if same.len() == text.len() => Cow::Borrowed(text),
        other => Cow::Owned(other.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blanks_at_the_edges_line_ends_and_composition_do_not_matter() {
        let cases = [
            ("  a pig \t\n", "a pig"),
            ("\u{feff}a pig\u{200b}\u{a0}", "a pig"),
            ("a cat\r\non a\rroof", "a cat\non a\nroof"),
            ("cafe\u{301}", "caf\u{e9}"),
            ("\u{1f469}\u{200d}\u{1f467}", "\u{1f469}\u{200d}\u{1f467}"),
            (" https://example.com/cafe\u{301}.png ", "https://example.com/cafe\u{301}.png"),
        ];
        for (text, normal) in cases {
            assert_eq!(normal_text(text), normal, "{text:?}");
        }
    }

    #[test]
    fn texts_inside_lists_and_objects_are_normal_too() {
        let mut fields: Fields =
            serde_json::from_str(r#"{"prompt":" x ","list":[" a ",1],"extra":{" k ":" v\r\nw "}}"#).unwrap();
        normalise(&mut fields);
        let expected: Fields = serde_json::from_str(r#"{"prompt":"x","list":["a",1],"extra":{" k ":"v\nw"}}"#).unwrap();
        assert_eq!(fields, expected);
        assert!(matches!(normal(&fields), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn what_is_normal_stays_as_it_is(text: String) {
            let once = normal_text(&text).into_owned();
            prop_assert_eq!(normal_text(&once), once.as_str());
        }
    }
}
