//! Files that come late, changed, or in forms that nobody asked for.

use bytes::Bytes;
use hyper::header::{CONTENT_ENCODING, ETAG};

use super::form::compressed;
use crate::{chance::Chance, reply::Reply};

/// What a link gives before its file is there.
pub(crate) fn late(chance: Chance) -> Reply {
    let denied = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>";
    match chance.below("late", 5) {
        0 => Reply::new(404, "text/plain", "not found"),
        1 => Reply::new(403, "application/xml", denied),
        2 => Reply::new(200, "text/html", "<html><body>Your video is being prepared</body></html>"),
        3 => Reply::new(200, "video/mp4", ""),
        _ => Reply::new(503, "text/plain", "slow down"),
    }
}

/// The answer to a continued download, of another file by now: as long, and under another tag.
pub(crate) fn changed(reply: Reply) -> Reply {
    if reply.status != 206 {
        return reply;
    }
    let body = Bytes::from(vec![b'x'; reply.body.len()]);
    let headers = reply.headers.into_iter().filter(|(name, _)| *name != ETAG).collect();
    Reply { headers, body, ..reply }.with(ETAG, "\"another\"")
}

/// The whole file in a form that nobody asked for.
pub(crate) fn delivered(reply: Reply, chance: Chance) -> Reply {
    if reply.status != 200 {
        return reply;
    }
    match chance.below("delivery", 3) {
        0 => compressed(reply),
        1 => reply.with(CONTENT_ENCODING, "aws-chunked"),
        _ => Reply { status: 203, ..reply },
    }
}
