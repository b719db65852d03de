//! Replies: whatever the headers claim, what can be read of them is read.

use bytes::Bytes;
use reqwest::header::HeaderMap;

use super::{Coding, Layers, codings};

/// Codings upon codings that are undone, at most.
const DEPTH_MAX: usize = 4;

/// A reply's body as the vendor meant it, at most `max` bytes of it, and why it may not be all.
pub(crate) fn unpack(headers: &HeaderMap, body: Bytes, max: usize) -> (Bytes, Option<String>) {
    let claimed = codings(headers);
    let (mut body, mut fault) = (body, None);
    for coding in claimed.into_iter().take(DEPTH_MAX) {
        body = undone(coding, body, max, &mut fault);
    }
    for _ in 0..DEPTH_MAX {
        // No text begins so: a gateway packed the body, and says nothing of it or not everything.
        if !body.starts_with(&[0x1f, 0x8b]) {
            break;
        }
        body = undone(Coding::Gzip, body, max, &mut fault);
    }
    (body, fault)
}

/// The body without this coding, or as it is where the coding turns out not to be there.
fn undone(coding: Coding, body: Bytes, max: usize, fault: &mut Option<String>) -> Bytes {
    let mut layers = Layers::new(&[coding]);
    let (mut out, mut done) = layers.push(&body, max);
    if done.is_ok() {
        let (rest, ended) = layers.end(max.saturating_sub(out.len()));
        out.extend(rest);
        done = ended;
    }
    let Err(error) = done else { return Bytes::from(out) };
    if out.is_empty() || is_text(&body) {
        return body;
    }
    fault.get_or_insert_with(|| format!("its content encoding cannot be undone to its end: {error}"));
    Bytes::from(out)
}

fn is_text(body: &[u8]) -> bool {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'[' | b'<' | b'"')) && std::str::from_utf8(body).is_ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };
    use proptest::prelude::*;
    use reqwest::header::CONTENT_ENCODING;

    use super::*;

    const TEXT: &[u8] = br#"{"task_id":"t-1","status":"queued"}"#;

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// As brotli stores what it does not shrink: the head of one block, the bytes, the end.
    fn brotli(bytes: &[u8]) -> Vec<u8> {
        let head = u32::try_from(bytes.len() - 1).unwrap() << 4 | 1 << 20;
        [&head.to_le_bytes()[..3], bytes, &[3]].concat()
    }

    fn read(encoding: &str, body: Vec<u8>) -> (Bytes, Option<String>) {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, encoding.parse().unwrap());
        unpack(&headers, Bytes::from(body), 1 << 20)
    }

    #[test]
    fn each_coding_is_undone() {
        for (encoding, body) in [
            ("gzip", gz(TEXT)),
            ("x-gzip", gz(TEXT)),
            ("deflate", zlib(TEXT)),
            ("deflate", deflate(TEXT)),
            ("br", brotli(TEXT)),
            ("br, gzip", gz(&brotli(TEXT))),
            ("gzip, deflate", zlib(&gz(TEXT))),
            ("gzip, gzip", gz(&gz(TEXT))),
            ("gzip", gz(&gz(TEXT))),
            ("identity", gz(TEXT)),
            ("gzip", [gz(&TEXT[..9]), gz(&TEXT[9..])].concat()),
            ("gzip", [gz(TEXT), vec![0; 64]].concat()),
        ] {
            assert_eq!(read(encoding, body), (Bytes::from_static(TEXT), None), "{encoding}");
        }
    }

    #[test]
    fn header_that_lies_leaves_the_plain_body() {
        for encoding in ["gzip", "deflate", "br", "zstd", "aws-chunked", "gzip, br", "deflate, gzip"] {
            assert_eq!(read(encoding, TEXT.to_vec()), (Bytes::from_static(TEXT), None), "{encoding}");
            assert_eq!(read(encoding, Vec::new()), (Bytes::new(), None), "{encoding}");
        }
    }

    #[test]
    fn what_came_of_a_torn_body_is_kept() {
        let long = TEXT.repeat(2_000);
        let packed = gz(&long);
        let (body, fault) = read("gzip", packed[..packed.len() - 9].to_vec());
        assert!(long.starts_with(&body) && body.len() > TEXT.len() && fault.is_some(), "{} {fault:?}", body.len());
        let (body, fault) = read("gzip", gz(TEXT)[..gz(TEXT).len() - 3].to_vec());
        assert_eq!(body, TEXT);
        assert!(fault.is_some());
    }

    #[test]
    fn bomb_is_bounded() {
        for (encoding, bomb) in [
            ("gzip", gz(&vec![b' '; 8 << 20])),
            ("deflate", zlib(&vec![b' '; 8 << 20])),
            ("gzip, gzip", gz(&gz(&vec![b' '; 64 << 20]))),
        ] {
            let (body, fault) = read(encoding, bomb);
            assert_eq!(body.len(), 1 << 20, "{encoding}");
            assert!(fault.is_some());
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic_or_exceed_the_limit(
            encoding in "(gzip|deflate|br|zstd|aws-chunked|, |x){0,6}",
            start in proptest::sample::select(vec![&b""[..], b"\x1f\x8b\x08", b"\x78\x9c", b"5\r\n"]),
            body in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let (out, _) = read(&encoding, [start, &body].concat());
            prop_assert!(out.len() <= 1 << 20);
        }
    }
}
