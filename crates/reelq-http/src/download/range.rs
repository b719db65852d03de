//! Going on where an earlier download stopped.

use reqwest::{
    StatusCode,
    header::{self, HeaderMap},
};
use serde::{Deserialize, Serialize};

use super::media;
use crate::encoding::{self, Coding};

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

    /// Whether it vouches for the same bytes at another address, too: a time of last change does not.
    pub fn is_strong(&self) -> bool {
        self.0.starts_with('"')
    }
}

/// Where an earlier download of the same version stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// Bytes that are there already.
    pub offset: u64,
    /// The version that they are of.
    pub validator: Validator,
    /// The length of the whole file, where it is known.
    pub total: Option<u64>,
    /// The media type that it was begun with, where the server claimed one.
    pub content_type: Option<String>,
}

/// What an answer to a request for the rest of a file means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It is the rest.
    GoesOn,
    /// There is no rest: what is there is the whole file.
    Complete,
    /// It is the file from its beginning.
    Whole,
    /// It is the rest of something else, or nothing that can be recognised.
    Unusable,
}

impl Resume {
    /// Holds an answer against what the part was begun with: a server may send the rest of another version, whatever
    /// `If-Range` asked for.
    pub(crate) fn judge(&self, status: StatusCode, headers: &HeaderMap) -> Rest {
        let validator = Validator::of(headers);
        let range = ContentRange::of(headers);
        let of_this_length = |whole: Option<u64>| whole.is_none() || self.total.is_none() || whole == self.total;
        match (status, range) {
            (StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION, _) => Rest::Whole,
            (StatusCode::PARTIAL_CONTENT, Some(range)) if range.start == Some(self.offset) => {
                let same = validator.as_ref() == Some(&self.validator) && of_this_length(range.whole);
                let fits = media::goes_on(self.content_type.as_deref(), media::of(headers));
                if same && fits && !is_packed(headers) { Rest::GoesOn } else { Rest::Unusable }
            }
            (StatusCode::RANGE_NOT_SATISFIABLE, Some(range)) if range.whole == Some(self.offset) => {
                // Few servers repeat the validator here; then it is the length that vouches.
                let same = validator.map_or(self.total.is_some(), |found| found == self.validator);
                if same && of_this_length(range.whole) { Rest::Complete } else { Rest::Unusable }
            }
            _ => Rest::Unusable,
        }
    }
}

/// Parts hold the file as it is, so a packed rest fits none.
fn is_packed(headers: &HeaderMap) -> bool {
    encoding::codings(headers).iter().any(|coding| *coding != Coding::AwsChunked)
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

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect::<HeaderMap>()
    }

    #[test]
    fn rest_is_held_against_what_the_part_was_begun_with() {
        let with = |validator: &str, total| Resume {
            offset: 5,
            validator: Validator(validator.to_owned()),
            total,
            content_type: None,
        };
        let (tagged, dated) = (with("\"a\"", Some(10)), with("Sat, 21 Nov 2026 02:00:00 GMT", Some(10)));
        let rest = |from: &Resume, status: u16, lines: &[(&'static str, &str)]| {
            from.judge(StatusCode::from_u16(status).unwrap(), &headers(lines))
        };
        let (range, tag) = (("content-range", "bytes 5-9/10"), ("etag", "\"a\""));
        let changed = ("last-modified", "Sat, 21 Nov 2026 02:00:00 GMT");
        assert_eq!(rest(&tagged, 206, &[range, tag]), Rest::GoesOn);
        assert_eq!(rest(&tagged, 206, &[("content-range", "bytes 5-7/*"), tag]), Rest::GoesOn);
        assert_eq!(rest(&tagged, 206, &[range, tag, ("content-encoding", "aws-chunked")]), Rest::GoesOn);
        assert_eq!(rest(&dated, 206, &[range, changed]), Rest::GoesOn);
        for lines in [
            &[range, ("etag", "\"b\"")][..],
            &[range, ("etag", "W/\"a\"")],
            &[range, changed],
            &[range],
            &[tag],
            &[("content-range", "bytes 5-10/11"), tag],
            &[("content-range", "bytes 4-9/10"), tag],
            &[range, tag, ("content-encoding", "gzip")],
            &[range, tag, ("content-type", "text/html; charset=utf-8")],
        ] {
            assert_eq!(rest(&tagged, 206, lines), Rest::Unusable, "{lines:?}");
        }
        let later = ("last-modified", "Sat, 21 Nov 2026 02:00:01 GMT");
        assert_eq!(rest(&dated, 206, &[range, later]), Rest::Unusable);
        assert_eq!(rest(&dated, 206, &[range, changed, tag]), Rest::Unusable);
        for status in [200, 203] {
            assert_eq!(rest(&tagged, status, &[tag]), Rest::Whole);
        }
    }

    #[test]
    fn part_is_complete_only_if_its_length_or_its_validator_says_so() {
        let complete = |total, lines: &[(&'static str, &str)]| {
            let from = Resume { offset: 5, validator: Validator("\"a\"".to_owned()), total, content_type: None };
            from.judge(StatusCode::RANGE_NOT_SATISFIABLE, &headers(lines)) == Rest::Complete
        };
        let range = ("content-range", "bytes */5");
        assert!(complete(Some(5), &[range]));
        assert!(complete(None, &[range, ("etag", "\"a\"")]));
        assert!(!complete(None, &[range]), "nothing vouches for it");
        assert!(!complete(Some(10), &[range]), "it was begun as a longer file");
        assert!(!complete(Some(5), &[range, ("etag", "\"b\"")]));
        assert!(!complete(Some(5), &[("content-range", "bytes */9")]));
    }
}
