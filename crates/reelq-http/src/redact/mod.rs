//! Keeps the key out of everything that is shown or kept, even where a server sends it back, in whatever form.

mod cause;
mod forms;
mod spelling;

use std::fmt;

use bytes::Bytes;
pub(crate) use cause::cause;
use forms::Forms;
use secrecy::{ExposeSecret, SecretBox, SecretString};

const STAND_IN: &[u8] = b"[redacted]";

/// Blanks out one account's key.
pub(crate) struct Redactor {
    forms: SecretBox<Forms>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    pub(crate) fn new(key: &SecretString) -> Self {
        Self { forms: SecretBox::new(Box::new(Forms::of(key.expose_secret()))) }
    }

    /// The body without the key, should the server have echoed it: plain, escaped as in JSON or an address, or in base64.
    pub(crate) fn body(&self, body: Bytes) -> Bytes {
        self.cleaned(&body).map_or(body, Bytes::from)
    }

    /// The text without the key.
    pub(crate) fn text(&self, text: String) -> String {
        match self.cleaned(text.as_bytes()) {
            Some(clean) => String::from_utf8_lossy(&clean).into_owned(),
            None => text,
        }
    }

    /// The bytes without the key; `None` where it is not there.
    fn cleaned(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let forms = self.forms.expose_secret();
        let (mut clean, mut kept, mut at): (Option<Vec<u8>>, usize, usize) = (None, 0, 0);
        while let Some(found) = forms.next(bytes, at) {
            let clean = clean.get_or_insert_default();
            clean.extend_from_slice(&bytes[kept..found.start]);
            clean.extend_from_slice(STAND_IN);
            (kept, at) = (found.end, found.end);
        }
        let mut clean = clean?;
        clean.extend_from_slice(&bytes[kept..]);
        Some(clean)
    }
}

#[cfg(test)]
mod tests {
    use base64::{
        Engine as _,
        engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
    };

    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "sk-01/23+45~6789";

    fn cleaned(text: &str) -> String {
        Redactor::new(&SecretString::from(KEY)).text(text.to_owned())
    }

    #[test]
    fn echoed_key_is_blanked_out_everywhere() {
        let text = format!("bad key {KEY}, again: {KEY}{KEY}");
        assert_eq!(cleaned(&text), "bad key [redacted], again: [redacted][redacted]");
    }

    #[test]
    fn key_in_any_spelling_is_blanked_out() {
        for spelled in [
            r"sk-01\/23+45~6789",
            r"\u0073k-01/23+45~6789",
            r"\u0073\u006B\u002d\u0030\u0031\u002F\u0032\u0033\u002b\u0034\u0035\u007E\u0036\u0037\u0038\u0039",
            r"sk-01\\\/23\\u002b45~6789",
            r"\x73k-01/23+45~6789",
            "sk-01%2F23%2B45~6789",
            "sk-01%2f23%2b45%7e6789",
            "sk%2D01%252F23%252B45~6789",
            "sk-01&#x2F;23&#43;45~6789",
            "SK-01/23+45~6789",
        ] {
            assert_eq!(cleaned(&format!(r#"{{"error":"{spelled}","x":1}}"#)), r#"{"error":"[redacted]","x":1}"#);
        }
    }

    #[test]
    fn key_in_base64_is_blanked_out_whatever_stands_around_it() {
        for around in [["", ""], ["user:", ""], ["u:", "x"], ["", ":"], ["Bearer ", "\n"], ["api", ":secret"]] {
            for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
                let encoded = engine.encode(format!("{}{KEY}{}", around[0], around[1]));
                for spelled in [encoded.clone(), encoded.replace('/', r"\/"), encoded.replace('+', "%2b")] {
                    let clean = cleaned(&format!("Basic {spelled}."));
                    assert!(clean.contains("[redacted]"), "{around:?} {spelled}: {clean}");
                    assert!(clean.len() <= "Basic [redacted].".len() + 30, "{clean}");
                }
            }
        }
    }

    #[test]
    fn key_that_is_cut_off_with_the_body_is_blanked_out() {
        assert_eq!(cleaned("the key sk-01/23+4"), "the key [redacted]");
        assert_eq!(cleaned(r"the key sk-01/23\u00"), "the key [redacted]");
        assert_eq!(cleaned("the key sk-01"), "the key sk-01", "too little of it to tell");
    }

    #[test]
    fn key_that_a_message_shows_most_of_is_blanked_out() {
        let redactor = Redactor::new(&SecretString::from("sk-0123456789-abcdefghi"));
        let clean = |text: &str| redactor.text(text.to_owned());
        assert_eq!(clean("bad key sk-0123456789-abcd..., sorry"), "bad key [redacted]..., sorry");
        assert_eq!(clean(r"bad key sk-0123456789-abcd***"), "bad key [redacted]***");
        assert_eq!(clean("bad key sk-01***ghi"), "bad key sk-01***ghi", "what vendors mask is no key any more");
    }

    #[test]
    fn text_without_the_key_is_left_alone() {
        for text in ["{}", r#"{"a":"\u0073\/%2f&#47;sk-01"}"#, "", r"\", "%", "&#", r"\u00"] {
            assert_eq!(cleaned(text), text);
        }
        let short = Redactor::new(&SecretString::from("{"));
        assert_eq!(short.text("{}".to_owned()), "{}");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_lets_the_key_through(
            before in "[ -~]{0,20}",
            escapes in proptest::collection::vec(0..5_usize, KEY.len()),
            after in r"(\\|%|&#|u00|[ -~]){0,20}",
        ) {
            let spelled: String = KEY
                .bytes()
                .zip(escapes)
                .map(|(byte, escape)| match escape {
                    0 => format!("\\u{byte:04x}"),
                    1 => format!("%{byte:02X}"),
                    2 => format!("&#{byte};"),
                    _ => char::from(byte).to_string(),
                })
                .collect();
            let clean = cleaned(&format!("{before}{spelled}{after}"));
            prop_assert!(clean.contains("[redacted]") && !clean.contains(KEY), "{clean}");
        }
    }
}
