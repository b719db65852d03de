//! How long a run waits, for what, and what it says of it.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

use reelq_tests::{Account, RawReply, RawRequest, RawVendor, Sandbox, clip, json, reply};

const LINES: &str = "requests_per_second = 50.0\nburst = 20\nmax_in_flight = 20\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

/// `status` answers the n-th status request of all, from 0; `None` is success.
fn vendor(status: impl Fn(usize) -> Option<RawReply> + Send + Sync + 'static) -> RawVendor {
    let asked = AtomicUsize::new(0);
    RawVendor::start(move |request: &RawRequest, origin: &str| {
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"t-{}","status":"queued"}}"#, request.number));
        }
        if request.path_ends(".mp4") {
            return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
        }
        let task = request.target.rsplit('/').next().unwrap_or_default();
        let done =
            || json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{task}.mp4"}}"#));
        status(asked.fetch_add(1, SeqCst)).unwrap_or_else(done)
    })
}

fn sandbox(vendor: &RawVendor, rows: usize, top: &str) -> Sandbox {
    let account = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![account], "");
    let config = fs::read_to_string(sandbox.path("reelq.toml")).unwrap();
    fs::write(sandbox.path("reelq.toml"), format!("{top}\n{config}")).unwrap();
    let rows: Vec<_> = (0..rows).map(|row| format!("cat {row},minimax-hailuo-2.3,6\n")).collect();
    fs::write(sandbox.path("set.csv"), format!("prompt,model,duration\n{}", rows.concat())).unwrap();
    sandbox
}

/// The longest time between two status requests.
fn longest_gap(vendor: &RawVendor) -> Duration {
    let asked: Vec<_> = vendor
        .requests()
        .iter()
        .filter(|request| request.target.contains("/tasks/"))
        .map(|request| request.at)
        .collect();
    asked.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max().unwrap_or_default()
}

fn header_does_not_silence(first: impl Fn() -> RawReply + Send + Sync + 'static) {
    let vendor = vendor(move |asked| (asked == 0).then(&first));
    let sandbox = sandbox(&vendor, 1, "");
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(longest_gap(&vendor) < Duration::from_secs(6), "{:?}", longest_gap(&vendor));
}

#[test]
fn an_hours_retry_after_on_a_status_does_not_silence_it() {
    header_does_not_silence(|| {
        reply(200, &["Content-Type: application/json", "Retry-After: 3600"], r#"{"status":"processing"}"#)
    });
}

#[test]
fn an_hours_retry_after_on_a_server_error_does_not_silence_it() {
    header_does_not_silence(|| reply(503, &["Retry-After: 3600"], "busy"));
}

#[test]
fn an_hours_retry_after_on_a_throttled_status_does_not_silence_it() {
    header_does_not_silence(|| reply(429, &["Retry-After: 3600"], "slow down"));
}

#[test]
fn run_that_waits_for_many_rows_names_the_first_and_counts_the_rest() {
    let vendor = vendor(|_| Some(json(500, r#"{"error":{"message":"out of order"}}"#)));
    let sandbox = sandbox(&vendor, 14, "wait_at_most = \"500ms\"");
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    let told = ended.stderr.lines().filter(|line| line.contains("out of order (since ")).count();
    assert_eq!(told, 10, "{}", ended.stderr);
    assert!(ended.stderr.contains("and 4 more: 4 × HTTP 500: out of order"), "{}", ended.stderr);
    assert!(ended.stderr.contains("14 jobs outstanding"), "{}", ended.stderr);
    assert_eq!(vendor.submits(), 14);
}

#[test]
fn worker_that_drains_ends_as_a_run_does_and_the_next_one_goes_on() {
    let vendor = vendor(|asked| (asked < 12).then(|| reply(500, &[], "")));
    let sandbox = sandbox(&vendor, 1, "wait_at_most = \"300ms\"");
    assert_eq!(sandbox.run(&["enqueue", "set.csv", "--yes"]).code, Some(0));
    let mut codes = Vec::new();
    while codes.last() != Some(&Some(0)) && codes.len() < 60 {
        codes.push(sandbox.run(&["worker", "--drain"]).code);
    }
    assert!(codes.len() > 1 && codes[..codes.len() - 1].iter().all(|code| *code == Some(5)), "{codes:?}");
    assert_eq!(vendor.submits(), 1);
}

#[test]
fn a_slow_render_that_is_well_ends_no_run() {
    let processing = || json(200, r#"{"status":"processing"}"#);
    let vendor = vendor(move |asked| (asked < 20).then(processing));
    let sandbox = sandbox(&vendor, 1, "wait_at_most = \"10ms\"");
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}
