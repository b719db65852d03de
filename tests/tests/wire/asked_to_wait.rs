//! Waits that a vendor asks for: who keeps them, how long, and who may end them.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use reelq_tests::{Account, RawReply, RawRequest, RawVendor, Sandbox, StoreKind, clip, json, on_each_store, reply};

on_each_store![
    an_hours_pause_of_a_vendor_stands_until_a_person_lifts_it_for_every_row,
    a_resumed_account_asks_again_for_what_may_have_been_bought,
];

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

/// A vendor whose purchases are answered by `busy` for as long as the switch is on.
fn vendor(busy: impl Fn(&RawRequest) -> RawReply + Send + Sync + 'static) -> (Arc<AtomicBool>, RawVendor) {
    let is_busy = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&is_busy);
    let vendor = RawVendor::start(move |request, origin| {
        if request.is_submit() {
            // The same key, the same task.
            let task = request.header("idempotency-key").unwrap_or_default();
            let body = format!(r#"{{"code":200,"task_id":"{task}","data":{{"task_id":"{task}","status":"queued"}}}}"#);
            return if is_busy.load(SeqCst) { busy(request) } else { json(200, body) };
        }
        if request.path_ends(".mp4") {
            return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
        }
        let task = request.target.rsplit('/').next().unwrap_or_default();
        let link = format!("{origin}/{task}.mp4");
        if request.target.contains("/api/generate/") {
            let files = format!(r#"[{{"file_url":"{link}","file_type":"video"}}]"#);
            let data = format!(r#"{{"task_id":"{task}","status":"finished","files":{files}}}"#);
            return json(200, format!(r#"{{"code":200,"data":{data}}}"#));
        }
        json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{link}"}}"#))
    });
    (switch, vendor)
}

fn sandbox(store: StoreKind, vendor: &RawVendor, provider: &'static str, rows: usize) -> Sandbox {
    let account = Account { name: provider, provider, lines: LINES.to_owned() };
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
    let model = if provider == "wave" { "minimax-hailuo-2.3" } else { "hailuo-2.3" };
    let rows: Vec<_> = (0..rows).map(|row| format!("cat {row},{model},6\n")).collect();
    fs::write(sandbox.path("set.csv"), format!("prompt,model,duration\n{}", rows.concat())).unwrap();
    sandbox
}

/// The vendor asks for a long wait; only a person ends it sooner, and then for every row.
fn is_kept_until_a_person_lifts_it(store: StoreKind, busy: impl Fn(&RawRequest) -> RawReply + Send + Sync + 'static) {
    let (switch, vendor) = vendor(busy);
    let sandbox = sandbox(store, &vendor, "wave", 4);
    let first = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(first.code, Some(5), "{}", first.stderr);
    for told in ["account wave is throttled until", "reelq resume --account wave"] {
        assert!(first.stderr.contains(told), "{told}: {}", first.stderr);
    }
    switch.store(false, SeqCst);
    let asked = vendor.submits();
    let second = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!((second.code, vendor.submits()), (Some(5), asked), "a run buys nothing meanwhile: {}", second.stderr);
    assert!(second.stderr.contains("account wave is throttled until"), "{}", second.stderr);
    assert!(sandbox.run(&["status", "set"]).stdout.contains("throttled until"));
    let stuck = sandbox.run(&["resolve", "set", "--stuck"]);
    assert!(stuck.stderr.contains("account wave is throttled until"), "{}", stuck.stderr);
    assert!(!stuck.stdout.contains("every open job gets on"), "{}", stuck.stdout);
    assert_eq!(sandbox.run(&["resume", "--account", "wave"]).code, Some(0));
    let third = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!((third.code, vendor.submits()), (Some(0), asked + 4), "{}", third.stderr);
}

fn an_hours_pause_of_a_vendor_stands_until_a_person_lifts_it_for_every_row(store: StoreKind) {
    let body = r#"{"error":{"message":"slow down","code":"rate_limited"}}"#;
    is_kept_until_a_person_lifts_it(store, move |_| {
        reply(429, &["Content-Type: application/json", "Retry-After: 3600"], body)
    });
}

#[test]
fn a_pause_of_years_is_one_of_an_hour() {
    let body = r#"{"error":{"message":"slow down","code":"rate_limited","reset_at":"2046-01-01T00:00:00Z"}}"#;
    is_kept_until_a_person_lifts_it(StoreKind::Sqlite, move |_| json(429, body));
    is_kept_until_a_person_lifts_it(StoreKind::Sqlite, |_| reply(429, &["Retry-After: 60000"], "slow down"));
}

/// Rows that may have been bought, at a vendor that asks for an hour and remembers keys for one.
fn left_without_an_answer(store: StoreKind) -> (RawVendor, Sandbox) {
    let (switch, vendor) = vendor(|_| reply(503, &["Retry-After: 3600"], "busy"));
    let sandbox = sandbox(store, &vendor, "poyo", 2);
    let left = sandbox.run(&["run", "set.csv", "--yes", "--wait-at-most", "3s"]);
    assert_eq!(left.code, Some(5), "{}", left.stderr);
    assert!(left.stderr.contains("submitting: HTTP 503"), "{}", left.stderr);
    let status = sandbox.run(&["status", "set"]).stdout;
    assert!(status.contains("next try in 14m") || status.contains("next try in 15m"), "{status}");
    switch.store(false, SeqCst);
    (vendor, sandbox)
}

fn keys(vendor: &RawVendor) -> usize {
    let requests = vendor.requests();
    let submits = requests.iter().filter(|request| request.is_submit());
    let mut keys: Vec<_> = submits.map(|request| request.header("idempotency-key").unwrap().to_owned()).collect();
    keys.sort();
    keys.dedup();
    keys.len()
}

#[test]
fn the_next_run_asks_again_for_what_may_have_been_bought() {
    let (vendor, sandbox) = left_without_an_answer(StoreKind::Sqlite);
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!((ended.code, keys(&vendor)), (Some(0), 2), "{}", ended.stderr);
}

fn a_resumed_account_asks_again_for_what_may_have_been_bought(store: StoreKind) {
    let (vendor, sandbox) = left_without_an_answer(store);
    assert_eq!(sandbox.run(&["resume", "--account", "poyo"]).code, Some(0));
    let ended = sandbox.run(&["worker", "--drain"]);
    assert_eq!((ended.code, keys(&vendor)), (Some(0), 2), "{}", ended.stderr);
}
