//! Files that come late, changed, or in forms that no one asked for.

use bytes::Bytes;
use hyper::header::{CONTENT_ENCODING, ETAG};

use super::form::compressed;
use crate::{chance::Chance, reply::SimReply};

/// What a link gives before its file is there.
pub(crate) fn late(chance: Chance) -> SimReply {
    let denied = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>";
    match chance.below("late", 5) {
        0 => SimReply::new(404, "text/plain", "not found"),
        1 => SimReply::new(403, "application/xml", denied),
        2 => SimReply::new(200, "text/html", "<html><body>Your video is being prepared</body></html>"),
        3 => SimReply::new(200, "video/mp4", ""),
        _ => SimReply::new(503, "text/plain", "slow down"),
    }
}

/// The answer to a continued download, of another file by now: as long, and under another tag.
pub(crate) fn changed(reply: SimReply) -> SimReply {
    if reply.status != 206 {
        return reply;
    }
    let body = Bytes::from(vec![b'x'; reply.body.len()]);
    let headers = reply.headers.into_iter().filter(|(name, _)| *name != ETAG).collect();
    SimReply { headers, body, ..reply }.with(ETAG, "\"another\"")
}

/// The whole file in a form that no one asked for.
pub(crate) fn delivered(reply: SimReply, chance: Chance) -> SimReply {
    if reply.status != 200 {
        return reply;
    }
    match chance.below("delivery", 3) {
        0 => compressed(reply),
        1 => reply.with(CONTENT_ENCODING, "aws-chunked"),
        _ => SimReply { status: 203, ..reply },
    }
}

/// A `WebM` with these bytes as its pictures.
pub(crate) fn webm(bytes: &[u8]) -> Bytes {
    const HEADER: &[u8] = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm";
    let sized = |name: &[u8], content: &[u8]| {
        // Eight bytes of length, the first of which only says so.
        let mut length = u64::try_from(content.len()).unwrap_or_default().to_be_bytes();
        length[0] = 1;
        [name, &length, content].concat()
    };
    let segment = sized(b"\x18\x53\x80\x67", &sized(b"\x1f\x43\xb6\x75", bytes));
    [HEADER, &segment].concat().into()
}
