//! The forms of a key: as it is, what is the same in every base64 text that holds it, and in hexadecimal.

use std::ops::Range;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use secrecy::zeroize::Zeroize;

use super::spelling::{is_escape, unit};

/// Below this length a "key" is a placeholder, and blanking it out would mangle honest replies.
const SHORTEST_SECRET: usize = 8;

/// So much of a form, and at least half of it, is the form itself, cut off by whoever limits the length of messages.
const CUT_OFF_MIN: usize = 16;

/// The longest escape of one byte.
const ESCAPE_MAX: usize = 8;

/// What to look for.
#[derive(Clone)]
pub(super) struct Forms {
    forms: Vec<Vec<u8>>,
    /// The bytes that a form may begin with, however it is spelled.
    first: Box<[bool; 256]>,
}

impl Zeroize for Forms {
    fn zeroize(&mut self) {
        self.forms.zeroize();
        self.first.zeroize();
    }
}

impl Forms {
    pub(super) fn of(key: &str) -> Self {
        let mut forms = Vec::new();
        if key.len() >= SHORTEST_SECRET {
            forms.push(key.as_bytes().to_vec());
            forms.extend((0..3).flat_map(|before| base64_of(key, before)));
            // Letters of either case are looked for.
            forms.push(key.bytes().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect());
            forms.dedup();
        }
        let mut first = Box::new([false; 256]);
        for form in &forms {
            if let Some(byte) = form.first() {
                first[usize::from(byte.to_ascii_lowercase())] = true;
                first[usize::from(byte.to_ascii_uppercase())] = true;
            }
        }
        if !forms.is_empty() {
            b"\\%&".iter().for_each(|byte| first[usize::from(*byte)] = true);
        }
        Self { forms, first }
    }

    /// Where the key stands next, at `from` or later.
    pub(super) fn next(&self, bytes: &[u8], from: usize) -> Option<Range<usize>> {
        (from..bytes.len()).filter(|at| self.first[usize::from(bytes[*at])]).find_map(|at| {
            let end = self.forms.iter().filter_map(|form| match_end(form, bytes, at)).max()?;
            Some(at..end)
        })
    }
}

/// What every base64 text holds of a key that stands `before` bytes behind a multiple of three, in both alphabets.
fn base64_of(key: &str, before: usize) -> [Vec<u8>; 2] {
    let bytes = [&[0; 2][..before], key.as_bytes()].concat();
    // A character of six bits reveals what stands before or behind it, too, unless all of them are the key's.
    let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    let middle = |text: String| text.as_bytes()[from..to].to_vec();
    [middle(STANDARD_NO_PAD.encode(&bytes)), middle(URL_SAFE_NO_PAD.encode(&bytes))]
}

/// Where `form` ends if it stands at `at`. One that is cut off counts if enough of it is there.
fn match_end(form: &[u8], bytes: &[u8], at: usize) -> Option<usize> {
    let mut next = at;
    for (matched, wanted) in form.iter().enumerate() {
        let is_cut_off = matched >= SHORTEST_SECRET && bytes.len() - next < ESCAPE_MAX;
        let Some(raw) = bytes.get(next) else { return is_cut_off.then_some(bytes.len()) };
        next = match unit(bytes, next) {
            Some((byte, end)) if byte.eq_ignore_ascii_case(wanted) => end,
            _ if raw.eq_ignore_ascii_case(wanted) => next + 1,
            None if is_cut_off && is_escape(*raw) => return Some(bytes.len()),
            _ => return (matched >= CUT_OFF_MIN && matched * 2 >= form.len()).then_some(next),
        };
    }
    Some(next)
}
