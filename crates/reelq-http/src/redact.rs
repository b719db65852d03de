//! Keeps the key out of everything that is shown or kept, even where a server sends it back.

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};

const STAND_IN: &[u8] = b"[redacted]";

/// Below this length a "key" is a placeholder, and blanking it out would mangle honest replies.
const SHORTEST_SECRET: usize = 8;

/// The body without the key, should the server have echoed it.
pub(crate) fn without_key(body: Bytes, key: &SecretString) -> Bytes {
    let key = key.expose_secret().as_bytes();
    if key.len() < SHORTEST_SECRET || !holds(&body, key) {
        return body;
    }
    let (mut rest, mut clean) = (&body[..], Vec::with_capacity(body.len()));
    while let Some(at) = rest.windows(key.len()).position(|window| window == key) {
        clean.extend_from_slice(&rest[..at]);
        clean.extend_from_slice(STAND_IN);
        rest = &rest[at + key.len()..];
    }
    clean.extend_from_slice(rest);
    Bytes::from(clean)
}

fn holds(body: &[u8], key: &[u8]) -> bool {
    body.windows(key.len()).any(|window| window == key)
}

/// What went wrong with an exchange, innermost cause last. Addresses are left out: their queries may carry signatures.
pub(crate) fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut parts = vec![error.to_string()];
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        let text = inner.to_string();
        if parts.last().is_none_or(|last| !last.ends_with(&text)) {
            parts.push(text);
        }
        source = inner.source();
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoed_key_is_blanked_out_everywhere() {
        let key = SecretString::from("sk-0123456789");
        let body = Bytes::from_static(b"bad key sk-0123456789, again: sk-0123456789");
        assert_eq!(without_key(body, &key), "bad key [redacted], again: [redacted]");
    }

    #[test]
    fn body_without_the_key_is_left_alone() {
        let body = Bytes::from_static(b"{}");
        assert_eq!(without_key(body.clone(), &SecretString::from("sk-0123456789")), body);
        assert_eq!(without_key(body.clone(), &SecretString::from("{")), body);
    }
}
