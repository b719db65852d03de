//! The media types that a download is begun and gone on with. They decide nothing of what the file is: its content does.

use reqwest::header::{self, HeaderMap};

/// The media type that the server claims, with its parameters.
pub(crate) fn of(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()
}

/// Whether a rest of type `next` may belong to what was begun as `begun`. A page that stands in for the rest of a file
/// often carries the file's own tag and length.
pub(crate) fn goes_on(begun: Option<&str>, next: Option<&str>) -> bool {
    let (begun, next) = (begun.and_then(known), next.and_then(known));
    match (begun, next) {
        // Servers that call every file a text do so from its first byte on.
        (Some(begun), Some(next)) if begun == next => true,
        (_, Some(next)) if is_page(&next) => false,
        (Some(begun), Some(next)) => main_type(&begun) == main_type(&next),
        _ => true,
    }
}

/// The type without its parameters, unless it says nothing.
fn known(claimed: &str) -> Option<String> {
    let essence = claimed.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let says_nothing = essence.is_empty() || essence.ends_with("/octet-stream");
    (!says_nothing).then_some(essence)
}

fn main_type(essence: &str) -> &str {
    essence.split('/').next().unwrap_or_default()
}

/// A text for people or programs.
fn is_page(essence: &str) -> bool {
    main_type(essence) == "text" || ["html", "xml", "json"].iter().any(|form| essence.ends_with(form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_or_another_kind_of_file_is_no_rest() {
        let video = Some("video/mp4");
        for next in ["text/html", "Text/HTML; charset=utf-8", "application/xml", "application/json", "image/svg+xml"] {
            assert!(!goes_on(video, Some(next)) && !goes_on(None, Some(next)), "{next}");
        }
        assert!(!goes_on(video, Some("image/png")) && !goes_on(video, Some("application/mp4")));
    }

    #[test]
    fn a_type_that_says_nothing_or_the_same_goes_on() {
        let plain = Some("text/plain");
        assert!(goes_on(plain, plain), "a server that calls every file a text");
        let fits = [
            "video/mp4; codecs=avc1",
            "VIDEO/MP4",
            "video/quicktime",
            "application/octet-stream",
            "binary/octet-stream",
            "",
        ];
        for next in fits.map(Some).into_iter().chain([None]) {
            assert!(goes_on(Some("video/mp4"), next), "{next:?}");
        }
        assert!(goes_on(None, Some("video/mp4")) && goes_on(Some("application/octet-stream"), Some("video/mp4")));
    }
}
