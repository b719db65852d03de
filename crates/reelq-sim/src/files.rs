//! Serves outputs: short-lived links, ranges, and downloads that are cut.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use hyper::{
    HeaderMap,
    header::{ACCEPT_RANGES, AUTHORIZATION, CONTENT_RANGE, ETAG, IF_RANGE, RANGE},
};
use reelq_model::{Digest, Timestamp};

use crate::{
    market::Market,
    reply::{Delivery, SimAnswer, SimReply},
    strange,
    video::video,
};

const VIDEOS_KEPT: usize = 128;

/// A picture of one pixel.
const PICTURE: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1f, 0x15, 0xc4, 0x89, 0x00, 0x00, 0x00, 0x0d, 0x49,
    0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x10, 0x50, 0x70, 0xf8, 0x0f, 0x00, 0x02, 0x24, 0x01, 0x70, 0x5e, 0x85, 0x3d,
    0x08, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// Videos that were drawn lately; any other is drawn again, to the same bytes.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<(HashMap<String, Bytes>, VecDeque<String>)>);

impl Shelf {
    fn video(&self, prompt: &str, task: &str) -> Bytes {
        if let Some(bytes) = self.0.lock().unwrap_or_else(PoisonError::into_inner).0.get(task) {
            return bytes.clone();
        }
        let bytes = video(prompt, task);
        let (videos, order) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if videos.insert(task.to_owned(), bytes.clone()).is_none() {
            order.push_back(task.to_owned());
        }
        if order.len() > VIDEOS_KEPT
            && let Some(oldest) = order.pop_front()
        {
            videos.remove(&oldest);
        }
        bytes
    }
}

/// Answers `GET /files/{task}/{number}.mp4?expires={milliseconds}`.
pub(crate) fn serve(market: &Market, shelf: &Shelf, path: &str, query: &str, headers: &HeaderMap) -> SimAnswer {
    if headers.contains_key(AUTHORIZATION) {
        market.key_to_file_host(path);
    }
    let Some((task, number, expires)) = link(path, query) else { return missing(404) };
    let Some(download) = market.download(task, number, expires) else { return missing(404) };
    if download.expired {
        return missing(download.chance.pick("expired_status", [403, 404, 410]));
    }
    let faults = &market.settings.faults;
    if download.is_late {
        return strange::late(download.chance).into();
    }
    if path.strip_suffix(".png").is_some() {
        return SimReply::new(200, "image/png", Bytes::from_static(PICTURE)).into();
    }
    if download.chance.hits("download_error", faults.download_error) {
        return missing(download.chance.pick("download_error_status", [500, 503]));
    }
    let bytes = shelf.video(&download.prompt, task);
    let bytes = if download.is_webm { strange::webm(&bytes) } else { bytes };
    let reply = ranged(&bytes, task, headers);
    let reply = if download.chance.hits("changed_file", faults.changed_file) { strange::changed(reply) } else { reply };
    if download.chance.hits("strange_delivery", faults.strange_delivery) {
        return strange::delivered(reply, download.chance).into();
    }
    if download.chance.hits("torn_download", faults.torn_download) {
        market.download_torn();
        return SimAnswer { reply, delivery: Delivery::Torn };
    }
    reply.into()
}

fn link<'a>(path: &'a str, query: &str) -> Option<(&'a str, u32, Timestamp)> {
    let (task, file) = path.strip_prefix("/files/")?.split_once('/')?;
    let number = file.strip_suffix(".mp4").or_else(|| file.strip_suffix(".png"))?.parse().ok()?;
    let expires = query.strip_prefix("expires=")?.parse().ok()?;
    Some((task, number, Timestamp::from_millis(expires)))
}

fn missing(status: u16) -> SimAnswer {
    SimReply::new(status, "text/plain", "the link is dead\n").into()
}

/// Answers with the bytes or a range of them. A task has one file, so its id tells the file apart as well as a digest would.
fn ranged(bytes: &Bytes, task: &str, headers: &HeaderMap) -> SimReply {
    let etag = format!("\"{}\"", &Digest::of(task.as_bytes()).to_string()[..32]);
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let wanted = text(RANGE).filter(|_| text(IF_RANGE).is_none_or(|seen| seen == etag));
    let reply = match wanted.map(|range| span(range, bytes.len())) {
        None | Some(Span::Unreadable) => SimReply::new(200, "video/mp4", bytes.clone()),
        Some(Span::Outside) => {
            SimReply::new(416, "text/plain", "").with(CONTENT_RANGE, format!("bytes */{}", bytes.len()))
        }
        Some(Span::Part(first, last)) => SimReply::new(206, "video/mp4", bytes.slice(first..=last))
            .with(CONTENT_RANGE, format!("bytes {first}-{last}/{}", bytes.len())),
    };
    reply.with(ETAG, etag).with(ACCEPT_RANGES, "bytes")
}

#[derive(Debug, PartialEq, Eq)]
enum Span {
    Part(usize, usize),
    Outside,
    /// Not one range of bytes; such a header is passed over (RFC 9110, 14.2).
    Unreadable,
}

fn span(range: &str, length: usize) -> Span {
    let parsed = range.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let Some((first, last)) = parsed else { return Span::Unreadable };
    let end = length.saturating_sub(1);
    let span = match (first.trim(), last.trim()) {
        ("", last) => last.parse().ok().map(|count: usize| (length.saturating_sub(count), end, count > 0)),
        (first, "") => first.parse().ok().map(|first| (first, end, true)),
        (first, last) => match (first.parse(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) if first <= last => Some((first, last.min(end), true)),
            _ => None,
        },
    };
    match span {
        None => Span::Unreadable,
        Some((first, last, true)) if first < length => Span::Part(first, last),
        Some(_) => Span::Outside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_defines_them() {
        assert_eq!(span("bytes=0-9", 100), Span::Part(0, 9));
        assert_eq!(span("bytes=90-", 100), Span::Part(90, 99));
        assert_eq!(span("bytes=90-900", 100), Span::Part(90, 99));
        assert_eq!(span("bytes=-10", 100), Span::Part(90, 99));
        assert_eq!(span("bytes=-1000", 100), Span::Part(0, 99));
        assert_eq!(span("bytes=100-", 100), Span::Outside);
        assert_eq!(span("bytes=-0", 100), Span::Outside);
        for unreadable in ["bytes=9-0", "bytes=a-b", "items=0-1", "bytes=0-1,3-4", "bytes=-"] {
            assert_eq!(span(unreadable, 100), Span::Unreadable, "{unreadable}");
        }
    }
}
