//! Good JSON in forms that strict readers refuse.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use hyper::header::CONTENT_ENCODING;

use crate::{chance::Chance, reply::SimReply};

/// Longer than clients expect a reply to be.
const ECHO_BYTES: usize = 1_500_000;

/// The reply in another form; the same to a reader that looks for the JSON in it.
pub(crate) fn reformed(reply: SimReply, chance: Chance) -> SimReply {
    let Ok(text) = std::str::from_utf8(&reply.body).map(str::to_owned) else { return reply };
    let body = match chance.below("form", 8) {
        0 => format!("warming up\r\n{text}\n-- 1 object --\n").into_bytes(),
        1 => format!("\u{feff}{text}").into_bytes(),
        2 => [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect(),
        3 => echoing(&text, r#""a red fox \ud83d""#),
        4 => echoing(&text, "NaN"),
        5 => echoing(&text, &format!("\"data:image/png;base64,{}\"", "QUJD".repeat(ECHO_BYTES / 4))),
        6 => format!("{text}{text}").into_bytes(),
        _ => return compressed(reply),
    };
    SimReply { body: body.into(), ..reply }
}

/// The object with an echo of the request before everything else.
fn echoing(text: &str, echo: &str) -> Vec<u8> {
    text.strip_prefix('{').map_or_else(|| text.to_owned(), |rest| format!("{{\"echo\":{echo},{rest}")).into_bytes()
}

/// The body compressed, though no one asked for it.
pub(super) fn compressed(reply: SimReply) -> SimReply {
    match gzip(&reply.body) {
        Ok(body) => SimReply { body: body.into(), ..reply }.with(CONTENT_ENCODING, "gzip"),
        Err(_) => reply,
    }
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}
