//! What a vendor says of a task that it was asked to withdraw.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use reelq_tests::{Account, RawReply, RawRequest, RawVendor, Sandbox, clip, json, reply};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

fn is_cancel(request: &RawRequest) -> bool {
    request.path_ends("/cancel")
}

/// A row whose task is still asked about when it is cancelled, with what the vendor answers to that, and which succeeds
/// by then all the same.
fn cancelled_while_it_succeeds(answer: &'static str) -> (RawVendor, Sandbox) {
    let done = Arc::new(AtomicBool::new(false));
    let is_done = Arc::clone(&done);
    let vendor = RawVendor::start(move |request, origin| -> RawReply {
        if is_cancel(request) {
            return json(200, answer);
        }
        if request.is_submit() {
            return json(200, r#"{"task_id":"t-1","status":"queued"}"#);
        }
        if request.path_ends(".mp4") {
            return reply(200, &["Content-Type: video/mp4"], clip("paid"));
        }
        if !is_done.load(SeqCst) {
            return reply(500, &[], "out of order");
        }
        json(200, format!(r#"{{"task_id":"t-1","status":"completed","video_url":"{origin}/t-1.mp4"}}"#))
    });
    let account = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![account], "");
    fs::write(sandbox.path("set.csv"), "prompt,model,duration\na cat,minimax-hailuo-2.3,6\n").unwrap();
    let left = sandbox.run(&["run", "set.csv", "--yes", "--wait-at-most", "300ms"]);
    assert_eq!(left.code, Some(5), "{}", left.stderr);
    sandbox.run(&["cancel", "set", "--row", "1", "--yes"]);
    done.store(true, SeqCst);
    let ended = sandbox.run(&["worker", "--drain"]);
    assert!(vendor.requests().iter().any(is_cancel), "{}", ended.stderr);
    (vendor, sandbox)
}

fn is_fetched((vendor, sandbox): &(RawVendor, Sandbox)) {
    let row = sandbox.results("set").remove(0);
    assert_eq!(row.get("status"), "succeeded", "{}", row.get("error_message"));
    assert_eq!(fs::read(sandbox.path("out/set").join(row.get("file"))).unwrap(), clip("paid"));
    assert_eq!(vendor.requests().iter().filter(|request| request.is_submit() && !is_cancel(request)).count(), 1);
}

#[test]
fn a_withdrawal_of_another_task_withdraws_nothing() {
    is_fetched(&cancelled_while_it_succeeds(r#"{"task_id":"task-wave-9999","status":"cancelled"}"#));
    is_fetched(&cancelled_while_it_succeeds(
        r#"{"code":200,"data":{"task_id":"task-wave-9999","status":"cancelled","refunded":true}}"#,
    ));
}

#[test]
fn the_clip_of_a_task_that_is_said_to_be_withdrawn_is_fetched() {
    is_fetched(&cancelled_while_it_succeeds(r#"{"task_id":"t-1","status":"cancelled","refunded":true}"#));
}
