//! What gateways, proxies and object stores do to replies and files on their way.

use std::{
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{
    Compression, Crc,
    read::GzDecoder,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use reelq_tests::{Account, RawReply, RawRequest, RawVendor, Sandbox, clip, json, reply};

const LINES: &str = "requests_per_second = 50.0\nburst = 20\nmax_in_flight = 20\nrequest_timeout = \"3s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

fn wave() -> Account {
    Account { name: "wave", provider: "wave", lines: LINES.to_owned() }
}

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

fn head_and(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat()
}

/// The chunks of a chunked body, without the last one.
fn chunks(bytes: &[u8]) -> Vec<u8> {
    let pieces = bytes.chunks(bytes.len().div_ceil(3));
    pieces.flat_map(|piece| [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()).collect()
}

/// The row that a request is about: its prompt, or the task id made of it, in the path.
fn row_of(request: &RawRequest) -> String {
    if request.is_submit() {
        return request.prompt();
    }
    let name = request.target.rsplit('/').next().unwrap_or_default().split(['.', '?']).next().unwrap_or_default();
    name.trim_start_matches("t-").to_owned()
}

/// A vendor whose API answers with `send(row, text)` and whose files are `file(request, row, origin)`.
fn vendor(
    send: impl Fn(&str, &str) -> RawReply + Send + Sync + 'static,
    file: impl Fn(&RawRequest, &str, &str) -> RawReply + Send + Sync + 'static,
) -> RawVendor {
    RawVendor::start(move |request, origin| {
        let row = row_of(request);
        if request.is_submit() {
            return send(&row, &format!(r#"{{"task_id":"t-{row}","status":"queued"}}"#));
        }
        if request.target.contains(".mp4") {
            return file(request, &row, origin);
        }
        let link = format!("{origin}/t-{row}.mp4");
        send(&row, &format!(r#"{{"task_id":"t-{row}","status":"completed","video_url":"{link}"}}"#))
    })
}

fn plain_file(_: &RawRequest, row: &str, _: &str) -> RawReply {
    reply(200, &["Content-Type: video/mp4"], clip(row))
}

fn plain_reply(_: &str, text: &str) -> RawReply {
    json(200, text)
}

fn stored(sandbox: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let place = |file: &str| -> PathBuf { sandbox.path(Path::new("out/set").join(file)) };
    let rows = sandbox.results("set");
    rows.iter().map(|row| (row.get("prompt").to_owned(), fs::read(place(row.get("file"))).unwrap())).collect()
}

/// Buys one row for each of `rows`, all of which succeed with the clip of their name, each bought once.
fn all_succeed(vendor: &RawVendor, rows: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new(&vendor.base_url(), vec![wave()], "");
    let mut manifest = "prompt,model,duration\n".to_owned();
    for row in rows {
        writeln!(manifest, "{row},minimax-hailuo-2.3,6").unwrap();
    }
    fs::write(sandbox.path("set.csv"), manifest).unwrap();
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(vendor.submits(), rows.len());
    for (row, bytes) in stored(&sandbox) {
        assert!(bytes == clip(&row), "{row}: {} bytes", bytes.len());
    }
    sandbox
}

#[test]
fn packed_replies_are_read_whatever_their_headers_say() {
    let send = |row: &str, text: &str| {
        let text = text.as_bytes();
        let (encoding, body) = match row {
            "gzip" => ("gzip", gz(text)),
            "x-gzip" => ("X-GZip", gz(text)),
            "zlib" => ("deflate", zlib(text)),
            "deflate" => ("deflate", deflate(text)),
            "brotli" => ("br", brotli(text)),
            "stacked" => ("gzip, br", brotli(&gz(text))),
            "twice" => ("gzip", gz(&gz(text))),
            "unsaid" => ("identity", gz(text)),
            "members" => ("gzip", [gz(&text[..9]), gz(&text[9..])].concat()),
            "lying-br" => ("br", text.to_vec()),
            _ => ("gzip", text.to_vec()),
        };
        reply(200, &["Content-Type: application/json", &format!("Content-Encoding: {encoding}")], body)
    };
    let rows =
        ["gzip", "x-gzip", "zlib", "deflate", "brotli", "stacked", "twice", "unsaid", "members", "lying-br", "lying"];
    all_succeed(&vendor(send, plain_file), &rows);
}

#[test]
fn whole_replies_in_broken_frames_are_read() {
    let send = |row: &str, text: &str| {
        let body = text.as_bytes();
        let chunked = |rest: &[u8]| head_and("200 OK\r\nTransfer-Encoding: chunked", &[&chunks(body), rest].concat());
        match row {
            "reset" => RawReply::Reset(head_and("200 OK\r\nContent-Length: 9000", body)),
            "short" => head_and("200 OK\r\nContent-Length: 9000", body).into(),
            "no-last-chunk" => chunked(b"").into(),
            "bad-chunk" => chunked(b"no size\r\n").into(),
            "half-chunk" => chunked(b"40\r\n   ").into(),
            "odd-header" => head_and("200 OK\r\nbad name: x\r\nno colon here", body).into(),
            "torn-gzip" => {
                let packed = gz(body);
                head_and("200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 900", &packed[..packed.len() - 4]).into()
            }
            _ => head_and("200 OK", body).into(),
        }
    };
    let rows =
        ["reset", "short", "no-last-chunk", "bad-chunk", "half-chunk", "odd-header", "torn-gzip", "until-the-end"];
    all_succeed(&vendor(send, plain_file), &rows);
}

#[test]
fn long_echo_of_what_was_sent_hides_no_task_id() {
    let send = |row: &str, text: &str| {
        let image = STANDARD.encode(vec![0xa5; 1_200_000]);
        let rest = &text[1..];
        match row {
            "before" => json(200, format!(r#"{{"image":"{image}",{rest}"#)),
            "after" => json(200, format!(r#"{},"image":"{image}"}}"#, &text[..text.len() - 1])),
            _ => json(200, format!(r#"{{"a":"{image}","b":{{"c":["{image}","{image}"]}},{rest}"#)),
        }
    };
    all_succeed(&vendor(send, plain_file), &["before", "after", "thrice"]);
}

/// 24 MiB of blanks, more than is read of any reply, and their checksum.
struct Blanks {
    packed: Vec<u8>,
    crc: Crc,
}

impl Blanks {
    const COUNT: usize = 24 << 20;

    fn packed() -> Self {
        let blanks = vec![b' '; Self::COUNT];
        let mut crc = Crc::new();
        crc.update(&blanks);
        Self { packed: deflate(&blanks), crc }
    }

    /// One gzip file of a text and the blanks behind it.
    fn behind(&self, text: &[u8]) -> Vec<u8> {
        let mut front = DeflateEncoder::new(Vec::new(), Compression::default());
        front.write_all(text).unwrap();
        front.flush().unwrap();
        let mut crc = Crc::new();
        crc.update(text);
        crc.combine(&self.crc);
        let length = u32::try_from(text.len() + Self::COUNT).unwrap();
        let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
        let sums = [crc.sum().to_le_bytes(), length.to_le_bytes()].concat();
        [&head, front.get_ref().as_slice(), &self.packed, &sums].concat()
    }
}

#[test]
fn bomb_is_no_reason_to_buy_again_or_to_end() {
    // Packing takes longer than the client may wait: most of it is packed before anything is asked.
    let blanks = Blanks::packed();
    let mut whole = Vec::new();
    GzDecoder::new(&*blanks.behind(b"text")).read_to_end(&mut whole).unwrap();
    assert_eq!(whole.len(), Blanks::COUNT + 4, "it is one whole file");
    let vendor =
        vendor(move |_, text| reply(200, &["Content-Encoding: gzip"], blanks.behind(text.as_bytes())), plain_file);
    all_succeed(&vendor, &["bomb"]);
}

fn framed_by_aws(bytes: &[u8], signature: &str) -> Vec<u8> {
    let mut framed = Vec::new();
    for piece in bytes.chunks(64) {
        framed.extend_from_slice(format!("{:x}{signature}\r\n", piece.len()).as_bytes());
        framed.extend_from_slice(piece);
        framed.extend_from_slice(b"\r\n");
    }
    framed.extend_from_slice(format!("0{signature}\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n").as_bytes());
    framed
}

#[test]
fn files_are_taken_however_stores_send_them() {
    let file = |request: &RawRequest, row: &str, origin: &str| {
        let clip = clip(row);
        let signature = format!(";chunk-signature={}", "0f".repeat(32));
        let range = format!("Content-Range: bytes 0-{}", clip.len() - 1);
        let (whole, open) = (format!("{range}/{}", clip.len()), format!("{range}/*"));
        let letters = format!("Location: {origin}/f/Ünï/letters.mp4");
        let is_moved = request.target.contains("/f/");
        let (status, head, body): (u16, &str, Vec<u8>) = match row {
            "aws-signed" => (200, "Content-Encoding: aws-chunked", framed_by_aws(&clip, &signature)),
            "aws-unsigned" => (200, "Content-Encoding: aws-chunked", framed_by_aws(&clip, "")),
            "aws-plain" => (200, "Content-Encoding: aws-chunked", clip),
            "aws-gzip" => (200, "Content-Encoding: aws-chunked,gzip", framed_by_aws(&gz(&clip), &signature)),
            "empty" => (200, "Content-Encoding: ", clip),
            "identity" => (200, "Content-Encoding: identity", clip),
            "utf-8" => (200, "Content-Encoding: UTF-8", clip),
            "gzip" => (200, "Content-Encoding: x-gzip\r\nETag: \"v\"", gz(&clip)),
            "deflate" => (200, "Content-Encoding: deflate", zlib(&clip)),
            "brotli" => (200, "Content-Encoding: br", brotli(&clip)),
            "lying" => (200, "Content-Encoding: gzip", clip),
            "203" => (203, "Warning: 214 transformed", clip),
            "206" => (206, &whole, clip),
            "206-open" => (206, &open, clip),
            "206-bare" => (206, "X: y", clip),
            "http-1" => return [&b"HTTP/1.0 200 OK\r\n\r\n"[..], &clip].concat().into(),
            "no-last-chunk" => return head_and("200 OK\r\nTransfer-Encoding: chunked", &chunks(&clip)).into(),
            "reset" => return RawReply::Reset(head_and("200 OK\r\nTransfer-Encoding: chunked", &chunks(&clip))),
            "torn-gzip-frame" => {
                let head = "200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked";
                return head_and(head, &chunks(&gz(&clip))).into();
            }
            "letters" if !is_moved => (302, &letters, clip),
            "blanks" if !is_moved => (302, "Location: /f/my new/blanks.mp4?a=b c", clip),
            "relative" if !is_moved => (307, "Location: f/relative.mp4", clip),
            _ => (200, "X: y", clip),
        };
        reply(status, &[head], body)
    };
    let rows = [
        "aws-signed",
        "aws-unsigned",
        "aws-plain",
        "aws-gzip",
        "empty",
        "identity",
        "utf-8",
        "gzip",
        "deflate",
        "brotli",
        "lying",
        "203",
        "206",
        "206-open",
        "206-bare",
        "http-1",
        "no-last-chunk",
        "reset",
        "torn-gzip-frame",
        "letters",
        "blanks",
        "relative",
    ];
    all_succeed(&vendor(plain_reply, file), &rows);
}

#[test]
fn wait_of_a_download_is_read_against_the_servers_own_clock() {
    let asked = [const { AtomicUsize::new(0) }; 2];
    let file = move |_: &RawRequest, row: &str, _: &str| {
        let (asked, day) =
            if row == "ahead" { (&asked[0], "Fri, 01 Jan 2140") } else { (&asked[1], "Wed, 01 Jan 2020") };
        if asked.fetch_add(1, Ordering::SeqCst) > 0 {
            return reply(200, &[], clip(row));
        }
        // By our own clock these are the longest wait that is believed, and none.
        let date = |second| format!("{day} 00:00:0{second} GMT");
        reply(503, &[&format!("Date: {}", date(0)), &format!("Retry-After: {}", date(3))], "")
    };
    let vendor = vendor(plain_reply, file);
    all_succeed(&vendor, &["ahead", "behind"]);
    for row in ["ahead", "behind"] {
        let files = vendor.requests().into_iter().filter(|it| it.target.contains(".mp4") && row_of(it) == row);
        let at: Vec<Duration> = files.map(|request| request.at).collect();
        assert!(at.len() == 2 && at[1].saturating_sub(at[0]) >= Duration::from_millis(2_900), "{row}: {at:?}");
    }
}

#[test]
fn status_requests_ask_past_caches() {
    let vendor = vendor(plain_reply, plain_file);
    all_succeed(&vendor, &["fresh"]);
    for request in vendor.requests().iter().filter(|request| request.target.contains("/v1/tasks/")) {
        assert_eq!(request.header("cache-control"), Some("no-cache"), "{request:?}");
    }
}
