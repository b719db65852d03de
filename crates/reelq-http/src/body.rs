//! Reads a whole reply, up to a size.

use bytes::{Bytes, BytesMut};
use reelq_model::Timestamp;
use reelq_provider::Reply;
use reqwest::{Response, header};
use secrecy::SecretString;

use crate::redact;

/// The longest reply that a vendor's API can honestly mean.
pub(crate) const REPLY_BYTES_MAX: usize = 1 << 20;

/// Why a reply could not be read to its end.
#[derive(Debug)]
pub(crate) enum BodyFault {
    /// It was longer than [`REPLY_BYTES_MAX`].
    TooLarge,
    /// The connection ended, went silent or ran past a deadline.
    Broken(String),
}

/// Reads a whole reply. `now` tells the time once it is read.
pub(crate) async fn read_reply(
    mut response: Response,
    key: &SecretString,
    now: impl Fn() -> Timestamp,
) -> Result<Reply, BodyFault> {
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.map(str::to_owned);
    let status = response.status().as_u16();
    let body = redact::without_key(read_body(&mut response).await?, key);
    Ok(Reply { retry_after, ..Reply::whole(status, body, now()) })
}

async fn read_body(response: &mut Response) -> Result<Bytes, BodyFault> {
    let announced = response.content_length().unwrap_or(0);
    if announced > REPLY_BYTES_MAX as u64 {
        return Err(BodyFault::TooLarge);
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| BodyFault::Broken(redact::cause(error)))? {
        if body.len() + chunk.len() > REPLY_BYTES_MAX {
            return Err(BodyFault::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
