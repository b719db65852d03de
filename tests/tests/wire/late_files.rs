//! Result links that work only later than the vendor says, or never.

use std::{
    fs,
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reelq_tests::{Account, Ended, RawReply, RawRequest, RawVendor, ResultRow, Sandbox, clip, json, png, reply};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

/// What `a cat` came to, bought from a vendor whose files `file` answers for, by their requests.
pub(crate) struct Bought {
    pub(crate) ended: Ended,
    pub(crate) row: ResultRow,
    pub(crate) vendor: RawVendor,
    pub(crate) sandbox: Sandbox,
}

/// Buys a clip; the vendor's success is `success(task, origin)` and `file` answers for what it names.
pub(crate) fn buy(
    success: impl Fn(&str, &str) -> String + Send + Sync + 'static,
    file: impl Fn(&RawRequest) -> RawReply + Send + Sync + 'static,
) -> Bought {
    let vendor = RawVendor::start(move |request, origin| {
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"t-{}","status":"queued"}}"#, request.number));
        }
        if request.target.contains("/files/") {
            return file(request);
        }
        let task = request.target.rsplit('/').next().unwrap_or_default();
        json(200, success(task, origin))
    });
    let accounts = vec![Account { name: "wave", provider: "wave", lines: LINES.to_owned() }];
    let sandbox = Sandbox::new(&vendor.base_url(), accounts, "");
    fs::write(sandbox.path("set.csv"), "prompt,model,duration\na cat,minimax-hailuo-2.3,6\n").unwrap();
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    let row = sandbox.results("set").remove(0);
    assert_eq!(vendor.submits(), 1, "{}", ended.stderr);
    Bought { ended, row, vendor, sandbox }
}

impl Bought {
    pub(crate) fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.sandbox.path("out").join("set").join(name)).unwrap()
    }

    /// Asserts that the row has this content under a name that ends so.
    pub(crate) fn has(&self, end: &str, content: &[u8]) {
        assert_eq!(self.ended.code, Some(0), "{}", self.ended.stderr);
        assert_eq!(self.row.get("status"), "succeeded");
        assert!(self.row.get("file").ends_with(end), "{}", self.row.get("file"));
        assert_eq!(self.file(self.row.get("file")), content);
    }
}

fn one_clip(task: &str, origin: &str) -> String {
    format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/files/{task}.mp4"}}"#)
}

/// The clip once it is that late, and `before` until then.
fn late(seconds: u64, before: impl Fn() -> RawReply + Send + Sync + 'static) -> Bought {
    let bought = buy(one_clip, move |request| {
        let is_late = request.at < Duration::from_secs(seconds);
        if is_late { before() } else { reply(200, &["Content-Type: video/mp4"], clip("late")) }
    });
    bought.has(".mp4", &clip("late"));
    let asked = bought.vendor.requests().iter().filter(|request| request.target.contains("/files/")).count();
    assert!((2..40).contains(&asked), "{asked} requests for the file");
    bought
}

#[test]
fn a_file_that_is_there_six_seconds_late_is_fetched_and_bought_once() {
    late(6, || reply(404, &[], ""));
}

#[test]
fn a_file_that_is_forbidden_for_six_seconds_is_fetched_and_bought_once() {
    let xml = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>";
    late(6, move || reply(403, &["Content-Type: application/xml"], xml));
}

#[test]
fn a_page_that_stands_in_for_the_file_is_not_taken_for_it() {
    late(5, || reply(200, &["Content-Type: video/mp4"], "<!DOCTYPE html><title>Please wait</title>"));
}

#[test]
fn an_empty_file_is_not_taken_for_it() {
    late(4, || reply(200, &["Content-Type: video/mp4"], ""));
}

#[test]
fn another_container_for_a_while_is_not_taken_for_it() {
    late(4, || reply(200, &["Content-Type: video/mp4"], png()));
}

#[test]
fn a_file_that_is_still_being_written_is_not_taken_for_it() {
    late(4, || {
        let whole = clip("late");
        reply(200, &["Content-Type: video/mp4"], &whole[..whole.len() - 3])
    });
}

#[test]
fn a_server_of_files_that_is_down_for_a_while_is_waited_for() {
    late(4, || RawReply::Drop);
    late(3, || reply(500, &[], "Internal Server Error"));
}

#[test]
fn an_answer_without_content_and_one_of_too_many_requests_are_waited_out() {
    late(3, || RawReply::Bytes(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_vec()));
    late(3, || reply(429, &["Retry-After: 1"], "slow down"));
}

#[expect(clippy::disallowed_methods, reason = "the vendor's own clock")]
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// A vendor that says until when its link works, and whose link never does.
fn expiring(answer: impl Fn() -> RawReply + Send + Sync + 'static) -> Bought {
    let dies = AtomicI64::new(0);
    let success = move |task: &str, origin: &str| {
        let expires_at = match dies.compare_exchange(0, now() + 4, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => dies.load(Ordering::SeqCst),
            Err(set) => set,
        };
        format!(
            r#"{{"task_id":"{task}","status":"completed","result":{{"video_url":"{origin}/files/{task}.mp4",
            "expires_at":{expires_at}}}}}"#
        )
    };
    let bought = buy(success, move |_| answer());
    assert_eq!(bought.ended.code, Some(3), "{}", bought.ended.stderr);
    assert_eq!((bought.row.get("status"), bought.row.get("error_kind")), ("failed", "expired"));
    let message = bought.row.get("error_message");
    assert!(message.contains("was waited for until"), "{message}");
    for advice in ["retry", "buy", "--yes"] {
        assert!(!message.contains(advice), "{message}");
    }
    bought
}

#[test]
fn a_link_that_gave_nothing_until_it_died_ends_the_row_as_expired() {
    let bought = expiring(|| reply(404, &[], ""));
    assert!(bought.row.get("error_message").contains("the server answered 404"));
}

#[test]
fn a_link_that_gave_a_page_until_it_died_ends_the_row_and_the_page_is_kept() {
    let bought = expiring(|| reply(200, &[], "<html>this link has expired</html>"));
    let message = bought.row.get("error_message");
    let (_, kept) = message.rsplit_once("what came is kept: ").unwrap();
    assert_eq!(bought.file(kept), b"<html>this link has expired</html>");
}
