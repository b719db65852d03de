//! Going on where an earlier download stopped.

use reqwest::header::{self, HeaderMap};
use serde::{Deserialize, Serialize};

/// Tells one version of a file from another: a strong entity tag, or else the time of its last change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Validator(String);

impl Validator {
    /// The text for `If-Range`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A weak entity tag cannot vouch for bytes, so it counts as none.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
        let strong = text(header::ETAG).filter(|tag| tag.starts_with('"'));
        strong.or_else(|| text(header::LAST_MODIFIED)).map(|text| Self(text.to_owned()))
    }
}

/// Where an earlier download of the same version stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// Bytes in hand.
    pub offset: u64,
    /// The version that they are of.
    pub validator: Validator,
}

/// What a `Content-Range` header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContentRange {
    /// The first byte sent; `None` where the range could not be satisfied.
    pub(crate) start: Option<u64>,
    /// The length of the whole file.
    pub(crate) whole: Option<u64>,
}

impl ContentRange {
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        Self::parse(headers.get(header::CONTENT_RANGE)?.to_str().ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (range, whole) = text.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
        let whole = if whole == "*" { None } else { Some(whole.parse().ok()?) };
        if range == "*" {
            return Some(Self { start: None, whole });
        }
        let (start, end) = range.split_once('-')?;
        let (start, end): (u64, u64) = (start.parse().ok()?, end.parse().ok()?);
        let honest = start <= end && whole.is_none_or(|whole| end < whole);
        honest.then_some(Self { start: Some(start), whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_range_is_read_or_refused() {
        let range = |start, whole| Some(ContentRange { start, whole });
        assert_eq!(ContentRange::parse("bytes 10-19/20"), range(Some(10), Some(20)));
        assert_eq!(ContentRange::parse("bytes 10-19/*"), range(Some(10), None));
        assert_eq!(ContentRange::parse("bytes */20"), range(None, Some(20)));
        for text in ["", "bytes", "bytes 10-/20", "bytes 19-10/20", "bytes 10-20/20", "items 1-2/3", "bytes a-b/c"] {
            assert_eq!(ContentRange::parse(text), None, "{text}");
        }
    }

    #[test]
    fn weak_tags_vouch_for_nothing() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ETAG, "W/\"a\"".parse().unwrap());
        assert_eq!(Validator::of(&headers), None);
        headers.insert(header::LAST_MODIFIED, "Sat, 21 Nov 2026 02:00:00 GMT".parse().unwrap());
        assert_eq!(Validator::of(&headers).unwrap().as_str(), "Sat, 21 Nov 2026 02:00:00 GMT");
        headers.insert(header::ETAG, "\"a\"".parse().unwrap());
        assert_eq!(Validator::of(&headers).unwrap().as_str(), "\"a\"");
    }
}
