//! What a server's clock says.

use std::time::SystemTime;

use reelq_model::Timestamp;
use reqwest::header::{self, HeaderMap};

/// The `Date` of a reply.
pub(crate) fn of(headers: &HeaderMap) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?.trim()).ok()?;
    let since_epoch = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Timestamp::default().after(since_epoch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_is_read_or_unknown() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::DATE, text.parse().unwrap());
            super::of(&headers)
        };
        assert_eq!(of("Sat, 21 Nov 2026 02:00:10 GMT"), Some("2026-11-21T02:00:10Z".parse().unwrap()));
        assert_eq!(of("soon"), None);
        assert_eq!(of("Sat, 21 Nov 1926 02:00:10 GMT"), None);
        assert_eq!(super::of(&HeaderMap::new()), None);
    }
}
