//! Downloads that break off, and servers that go on with something else.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use reelq_tests::{Account, RawReply, RawRequest, RawVendor, Sandbox, clip, json};

const LINES: &str = "requests_per_second = 50.0\nburst = 20\nmax_in_flight = 20\nrequest_timeout = \"3s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

/// Where each first download breaks off.
const CUT: usize = 5 << 20;

const EARLIER: &str = "Last-Modified: Sat, 21 Nov 2026 02:00:00 GMT";
const LATER: &str = "Last-Modified: Sat, 21 Nov 2026 02:00:07 GMT";

/// A video of some 8 MiB, another one for each letter.
fn version(letter: char) -> Vec<u8> {
    clip(&letter.to_string().repeat(8 << 20))
}

fn answer(status: &str, head: &[&str], length: usize, body: &[u8]) -> RawReply {
    let mut text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n");
    for line in head {
        write!(text, "{line}\r\n").unwrap();
    }
    text.push_str("\r\n");
    RawReply::Bytes([text.as_bytes(), body].concat())
}

/// The first five of eight megabytes of version `a`.
fn cut(head: &[&str]) -> RawReply {
    let file = version('a');
    answer("200 OK", head, file.len(), &file[..CUT])
}

/// What is left behind byte `from` of a file.
fn rest(head: &[&str], file: &[u8], from: usize) -> RawReply {
    let range = format!("Content-Range: bytes {from}-{}/{}", file.len() - 1, file.len());
    answer("206 Partial Content", &[head, &[&range]].concat(), file.len() - from, &file[from..])
}

fn whole(head: &[&str], file: &[u8]) -> RawReply {
    answer("200 OK", head, file.len(), file)
}

/// Where a request for the rest of a file begins.
fn asked_from(request: &RawRequest) -> Option<usize> {
    request.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

/// Buys one video whose downloads are answered by `file(n, request)`, `n` counting them from 0, and whose links end with
/// `link(n)`, `n` counting the status requests. Gives what was stored and what was asked of the files.
fn fetched(
    link: impl Fn(usize) -> String + Send + Sync + 'static,
    file: impl Fn(usize, &RawRequest) -> RawReply + Send + Sync + 'static,
) -> (Vec<u8>, Vec<RawRequest>) {
    let (polls, files) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let vendor = RawVendor::start(move |request, origin| {
        if request.is_submit() {
            return json(200, r#"{"task_id":"t-1","status":"queued"}"#);
        }
        if request.target.starts_with("/file") {
            return file(files.fetch_add(1, Ordering::SeqCst), request);
        }
        let link = link(polls.fetch_add(1, Ordering::SeqCst));
        json(200, format!(r#"{{"task_id":"t-1","status":"completed","video_url":"{origin}/file{link}"}}"#))
    });
    let wave = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![wave], "");
    fs::write(sandbox.path("set.csv"), "prompt,model,duration\na cat,minimax-hailuo-2.3,6\n").unwrap();
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(vendor.submits(), 1);
    let stored = fs::read(sandbox.path(Path::new("out/set").join(sandbox.results("set")[0].get("file")))).unwrap();
    let files = vendor.requests().into_iter().filter(|request| request.target.starts_with("/file"));
    (stored, files.collect())
}

/// The letters that a stored video is of.
fn letters(stored: &[u8]) -> Vec<char> {
    let mut letters: Vec<char> = stored[stored.len() - (8 << 20)..].iter().map(|byte| char::from(*byte)).collect();
    letters.dedup();
    letters
}

/// Breaks a download of version `a` off, answers the request for its rest by `second`, and any later one with version `b`.
fn second_is(begun: &'static [&'static str], second: fn(usize) -> RawReply) -> (Vec<u8>, Vec<RawRequest>) {
    fetched(
        |_| "/one.mp4".to_owned(),
        move |number, request| match number {
            0 => cut(begun),
            1 => second(asked_from(request).unwrap()),
            _ => whole(&["ETag: \"b\""], &version('b')),
        },
    )
}

/// The rest was refused, and the file was fetched anew.
fn assert_anew((stored, requests): (Vec<u8>, Vec<RawRequest>)) {
    assert!(stored == version('b'), "{} bytes of {:?}", stored.len(), letters(&stored));
    assert_eq!(requests.last().unwrap().header("range"), None);
}

#[test]
fn rest_of_the_same_version_is_taken() {
    let (stored, requests) = second_is(&["ETag: \"a\"", EARLIER], |from| rest(&["ETag: \"a\""], &version('a'), from));
    assert!(stored == version('a'), "{} bytes of {:?}", stored.len(), letters(&stored));
    assert_eq!(requests.len(), 2);
    assert_eq!(asked_from(&requests[1]), Some(CUT));
    assert_eq!(requests[1].header("if-range"), Some("\"a\""));
}

#[test]
fn rest_with_another_etag_is_never_put_behind_what_is_there() {
    assert_anew(second_is(&["ETag: \"a\""], |from| rest(&["ETag: \"b\""], &version('b'), from)));
}

#[test]
fn rest_with_another_time_of_change_is_never_put_behind_what_is_there() {
    assert_anew(second_is(&[EARLIER], |from| rest(&[LATER], &version('b'), from)));
}

#[test]
fn rest_of_which_nothing_says_whose_it_is_is_not_taken() {
    assert_anew(second_is(&["ETag: \"a\"", EARLIER], |from| rest(&[], &version('b'), from)));
}

#[test]
fn rest_of_a_file_of_another_length_is_not_taken() {
    assert_anew(second_is(&["ETag: \"a\""], |from| {
        let mut longer = version('b');
        longer.extend_from_slice(b"\0\0\0\x10free12345678");
        rest(&["ETag: \"a\""], &longer, from)
    }));
}

#[test]
fn rest_that_begins_elsewhere_is_not_taken() {
    assert_anew(second_is(&["ETag: \"a\""], |from| rest(&["ETag: \"a\""], &version('b'), from - 1)));
}

#[test]
fn file_that_became_shorter_than_the_part_is_fetched_anew() {
    assert_anew(second_is(&["ETag: \"a\""], |from| {
        let range = format!("Content-Range: bytes */{from}");
        answer("416 Range Not Satisfiable", &[&range], 0, b"")
    }));
}

#[test]
fn rest_that_comes_in_pieces_is_put_together() {
    let (stored, requests) = fetched(
        |_| "/one.mp4".to_owned(),
        |number, request| {
            let (file, from) = (version('a'), asked_from(request));
            let (Some(from), 1) = (from, number) else {
                return from.map_or_else(|| cut(&["ETag: \"a\""]), |from| rest(&["ETag: \"a\""], &file, from));
            };
            // A megabyte at a time, and no word of the whole.
            let range = format!("Content-Range: bytes {from}-{}/*", from + (1 << 20) - 1);
            answer("206 Partial Content", &["ETag: \"a\"", &range], 1 << 20, &file[from..from + (1 << 20)])
        },
    );
    assert!(stored == version('a'), "{} bytes", stored.len());
    assert_eq!(requests.iter().map(asked_from).collect::<Vec<_>>(), [None, Some(CUT), Some(CUT + (1 << 20))]);
}

/// Breaks a download off, lets its link die, and goes on at the link that the vendor gives then.
fn at_a_fresh_link(
    links: [&'static str; 2],
    begun: &'static [&'static str],
    second: fn(&RawRequest) -> RawReply,
) -> (Vec<u8>, Vec<RawRequest>) {
    fetched(
        move |polls| links[polls.min(1)].to_owned(),
        move |number, request| match number {
            0 => cut(begun),
            1 => answer("403 Forbidden", &[], 0, b""),
            2 => second(request),
            _ => whole(&["ETag: \"b\""], &version('b')),
        },
    )
}

#[test]
fn fresh_link_to_another_version_starts_anew() {
    assert_anew(at_a_fresh_link(["/one.mp4?s=1", "/two.mp4?s=2"], &["ETag: \"a\""], |request| {
        rest(&["ETag: \"b\""], &version('b'), asked_from(request).unwrap())
    }));
}

#[test]
fn fresh_link_to_the_same_version_goes_on_by_its_tag() {
    let (stored, _) = at_a_fresh_link(["/one.mp4?s=1", "/two.mp4?s=2"], &["ETag: \"a\""], |request| {
        rest(&["ETag: \"a\""], &version('a'), asked_from(request).unwrap())
    });
    assert!(stored == version('a'), "{} bytes of {:?}", stored.len(), letters(&stored));
}

#[test]
fn time_of_change_vouches_for_no_other_address() {
    for links in [["/one.mp4", "/two.mp4"], ["/get?id=1", "/get?id=2"]] {
        let (stored, requests) = at_a_fresh_link(links, &[EARLIER], |request| match asked_from(request) {
            // Both were made in the same second, and are equally long.
            Some(from) => rest(&[EARLIER], &version('b'), from),
            None => whole(&[EARLIER], &version('b')),
        });
        assert_anew((stored, requests));
    }
}

#[test]
fn a_page_that_stands_in_for_the_rest_is_not_joined_to_the_video() {
    for kind in ["text/html; charset=utf-8", "application/json", "image/png"] {
        let (stored, files) = fetched(
            |_| ".mp4".to_owned(),
            move |download, request| {
                let (tag, other) = ("ETag: \"a\"", version('b'));
                match (download, asked_from(request)) {
                    (0, _) => cut(&[tag, "Content-Type: video/mp4"]),
                    (1, Some(from)) => rest(&[tag, &format!("Content-Type: {kind}")], &other, from),
                    _ => whole(&[tag, "Content-Type: video/mp4"], &version('a')),
                }
            },
        );
        assert_eq!(letters(&stored), ['a'], "{kind}");
        assert!(files.len() >= 3, "{kind}: it began anew");
    }
}
