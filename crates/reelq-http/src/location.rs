//! Where a redirect points to.

use std::fmt::Write as _;

use reqwest::header::{self, HeaderMap};
use url::Url;

/// Where a reply to a request for `from` points to. Headers with blanks or letters that addresses cannot hold are read
/// as browsers read them.
pub(crate) fn of(from: &Url, headers: &HeaderMap) -> Option<Url> {
    let location = headers.get(header::LOCATION)?.as_bytes();
    let text = match std::str::from_utf8(location) {
        Ok(text) => text.to_owned(),
        Err(_) => escaped(location),
    };
    from.join(text.trim()).ok()
}

/// Bytes of an unknown alphabet: the server knows its own again.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            0..0x80 => text.push(char::from(*byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(text, "%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn every_form_of_a_location_is_followed() {
        let from: Url = "https://cdn.example/a/b.mp4?x=1".parse().unwrap();
        let to = |location: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::LOCATION, HeaderValue::from_bytes(location).unwrap());
            of(&from, &headers).map(String::from)
        };
        for (location, target) in [
            ("/Ünï cødé/ä.mp4".as_bytes(), "https://cdn.example/%C3%9Cn%C3%AF%20c%C3%B8d%C3%A9/%C3%A4.mp4"),
            (b" c d.mp4?q=a b ", "https://cdn.example/a/c%20d.mp4?q=a%20b"),
            (b"/caf\xe9.mp4", "https://cdn.example/caf%E9.mp4"),
            (b"//other.example/x", "https://other.example/x"),
            (b"?y=2", "https://cdn.example/a/b.mp4?y=2"),
        ] {
            assert_eq!(to(location).as_deref(), Some(target));
        }
        assert_eq!(of(&from, &HeaderMap::new()), None);
        assert_eq!(to(b"https://[nowhere"), None);
    }
}
