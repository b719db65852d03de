//! Words of a gateway whose server behind it did not answer in time: that server may have taken the request.

use super::text::plain_words;

const SURE: [&str; 14] = [
    "endpoint request timed out",
    "gateway timeout",
    "gateway time out",
    "gateway timed out",
    "bad gateway",
    "upstream request timeout",
    "upstream request timed out",
    "upstream timed out",
    "upstream timeout",
    "upstream connect error",
    "upstream server is timing out",
    "upstream prematurely closed",
    "origin timeout",
    "origin timed out",
];
/// Said of this request, or of one that the vendor made for it.
const GENERAL: [&str; 8] = [
    "request timed out",
    "request timeout",
    "request time out",
    "read timed out",
    "deadline exceeded",
    "socket hang up",
    "econnreset",
    "connection reset",
];
/// Beginnings of words for what the vendor itself fetches: that such a request failed is a fault of the row.
const FETCHED: [&str; 8] = ["image", "url", "download", "fetch", "picture", "file", "link", "asset"];

/// Whether one of the texts surely speaks of a server behind the one that answered.
pub(super) fn surely_timed_out(spoken: &[String]) -> bool {
    says_one_of(spoken, &SURE)
}

/// Whether the texts say that the request may still be at work behind the server that answered.
pub(super) fn timed_out(spoken: &[String]) -> bool {
    surely_timed_out(spoken) || (says_one_of(spoken, &GENERAL) && !spoken.iter().any(|text| is_about_a_fetch(text)))
}

fn says_one_of(spoken: &[String], parts: &[&str]) -> bool {
    spoken.iter().map(|text| plain_words(text)).any(|words| parts.iter().any(|part| words.contains(part)))
}

/// Whether a text is about something that the vendor fetches. A web page has links and images of its own.
fn is_about_a_fetch(text: &str) -> bool {
    let words = plain_words(text);
    let is_page = text.trim_start().starts_with('<');
    !is_page && words.split(' ').any(|word| FETCHED.iter().any(|fetched| word.starts_with(fetched)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_behind_is_told_from_what_the_vendor_fetches() {
        let is = |text: &str| timed_out(&[text.to_owned()]);
        for text in [
            "Endpoint request timed out",
            "504 Gateway Time-out",
            "upstream_request_timeout",
            "upstream connect error or disconnect/reset before headers",
            "Request timed out.",
            "context deadline exceeded",
            "the profile service: request timeout",
            "<html><link href='a.css'><h1>Request timed out</h1></html>",
        ] {
            assert!(is(text), "{text}");
        }
        for text in [
            "image_url: request timed out",
            "connection reset by peer while downloading the file",
            "invalid timeout",
            "",
        ] {
            assert!(!is(text), "{text}");
        }
    }
}
