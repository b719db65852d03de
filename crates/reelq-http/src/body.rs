//! Reads a reply: all of it, or what came of it and why there is no more.

use bytes::{Bytes, BytesMut};
use reelq_model::Timestamp;
use reelq_provider::Reply;
use reqwest::{Response, header};

use crate::{
    date, encoding,
    redact::{self, Redactor},
};

/// The longest reply that is read; some vendors answer with the image that they were sent, in base64.
const REPLY_BYTES_MAX: usize = 16 << 20;

/// Reads a reply. `now` tells the time once it is read.
///
/// A body that breaks off is no error: its beginning may well name what was bought.
pub(crate) async fn read_reply(mut response: Response, redactor: &Redactor, now: impl Fn() -> Timestamp) -> Reply {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let (raw, cut) = gather(&mut response).await;
    let (body, fault) = encoding::unpack(&headers, raw, REPLY_BYTES_MAX);
    let retry_after = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    Reply {
        retry_after: retry_after.map(|text| redactor.text(text.to_owned())),
        date: date::of(&headers),
        cut: cut.or(fault).map(|reason| redactor.text(reason)),
        ..Reply::whole(status, redactor.body(body), now())
    }
}

/// What comes of a body, and why it may not be all.
async fn gather(response: &mut Response) -> (Bytes, Option<String>) {
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(None) => return (body.freeze(), None),
            Err(error) => return (body.freeze(), Some(redact::cause(error))),
            Ok(Some(chunk)) => {
                let room = REPLY_BYTES_MAX - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() > room {
                    let reason = format!("the reply is longer than {REPLY_BYTES_MAX} bytes");
                    return (body.freeze(), Some(reason));
                }
            }
        }
    }
}
