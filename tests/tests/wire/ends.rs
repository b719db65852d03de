//! Status replies that seem to end a paid task, or its account: none is believed at once, and none for another's sake.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use reelq_tests::{Account, RawReply, RawRequest, RawVendor, Sandbox, StoreKind, clip, json, reply};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\nrequest_timeout = \"2s\"\n\
    patience = \"2s\"\npoll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

/// Three rows; the first task's status is `odd` until `heal` says that the vendor is well again.
fn vendor(heal: &Arc<AtomicBool>, odd: impl Fn() -> RawReply + Send + Sync + 'static) -> RawVendor {
    let (heal, bought) = (Arc::clone(heal), AtomicUsize::new(0));
    RawVendor::start(move |request: &RawRequest, origin: &str| {
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"t-{}","status":"queued"}}"#, bought.fetch_add(1, SeqCst)));
        }
        if request.path_ends("/balance") {
            return json(200, r#"{"total_available_usd":"7.50"}"#);
        }
        if request.path_ends(".mp4") {
            return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
        }
        if request.path_ends("/t-0") && !heal.load(SeqCst) {
            return odd();
        }
        let task = request.target.rsplit('/').next().unwrap_or_default();
        json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{task}.mp4"}}"#))
    })
}

fn sandbox(vendor: &RawVendor) -> Sandbox {
    sandbox_on(StoreKind::Sqlite, vendor)
}

fn sandbox_on(store: StoreKind, vendor: &RawVendor) -> Sandbox {
    let account = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
    let rows = ["a cat", "a dog", "a cow"].map(|prompt| format!("{prompt},minimax-hailuo-2.3,6\n")).concat();
    fs::write(sandbox.path("set.csv"), format!("prompt,model,duration\n{rows}")).unwrap();
    sandbox
}

fn count(sandbox: &Sandbox, status: &str) -> usize {
    sandbox.results("set").iter().filter(|row| row.get("status") == status).count()
}

const RUN: [&str; 5] = ["run", "set.csv", "--yes", "--wait-at-most", "500ms"];

/// The others finish, the run ends and names the task and the vendor's words, the next run goes on, and nothing is bought
/// twice.
fn one_odd_task_keeps_nobody(odd: impl Fn() -> RawReply + Send + Sync + 'static, words: &str) {
    one_odd_task_keeps_nobody_on(StoreKind::Sqlite, odd, words);
}

fn one_odd_task_keeps_nobody_on(store: StoreKind, odd: impl Fn() -> RawReply + Send + Sync + 'static, words: &str) {
    let heal = Arc::new(AtomicBool::new(false));
    let vendor = vendor(&heal, odd);
    let sandbox = sandbox_on(store, &vendor);
    let ended = sandbox.run(&RUN);
    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    assert_eq!((count(&sandbox, "succeeded"), count(&sandbox, "running")), (2, 1), "{}", ended.stderr);
    assert!(ended.stderr.contains("task t-0") && ended.stderr.contains(words), "{}", ended.stderr);
    assert!(!ended.stderr.contains("is blocked"), "{}", ended.stderr);
    heal.store(true, SeqCst);
    let ended = sandbox.run(&RUN);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(vendor.submits(), 3, "nothing is bought twice");
}

#[test]
fn task_that_is_gone_by_its_status_is_waited_for_and_found_again() {
    one_odd_task_keeps_nobody(
        || json(410, r#"{"error":{"code":"gone","message":"the task is gone"}}"#),
        "the task is gone",
    );
}

#[test]
fn task_whose_id_is_called_invalid_is_waited_for_and_found_again() {
    let body = r#"{"error":{"code":"invalid_request","message":"invalid task_id"}}"#;
    one_odd_task_keeps_nobody(move || json(400, body), "invalid task_id");
}

#[test]
fn error_in_the_body_of_a_success_is_no_end_of_the_task() {
    one_odd_task_keeps_nobody(|| json(200, r#"{"code":500,"message":"internal error"}"#), "internal error");
}

#[test]
fn login_page_in_front_of_one_task_is_no_end_of_it() {
    one_odd_task_keeps_nobody(|| reply(302, &["Location: https://login.example/"], ""), "302");
}

#[test]
fn one_tasks_403_blocks_neither_the_account_nor_the_run() {
    let body = r#"{"error":{"code":"forbidden","message":"not your task"}}"#;
    one_odd_task_keeps_nobody(move || json(403, body), "not your task");
}

#[test]
fn one_tasks_401_blocks_neither_the_account_nor_the_run() {
    let body = r#"{"error":{"code":"invalid_api_key","message":"unknown owner"}}"#;
    one_odd_task_keeps_nobody(move || json(401, body), "unknown owner");
}

#[test]
fn empty_body_is_no_end_of_the_task() {
    one_odd_task_keeps_nobody(|| reply(200, &[], ""), "HTTP 200");
}

#[test]
fn gateways_page_is_no_end_of_the_task() {
    let page = "<html><body>bad gateway</body></html>";
    one_odd_task_keeps_nobody(move || reply(502, &["Content-Type: text/html"], page), "HTTP 502");
}

#[test]
fn odd_task_over_redis_keeps_nobody_either() {
    one_odd_task_keeps_nobody_on(StoreKind::Redis, || reply(503, &[], "busy"), "HTTP 503");
}

#[test]
fn account_that_its_balance_says_is_refused_is_four_and_goes_on_once_mended() {
    let refused = Arc::new(AtomicBool::new(true));
    let vendor = {
        let (refused, bought) = (Arc::clone(&refused), AtomicUsize::new(0));
        RawVendor::start(move |request: &RawRequest, origin: &str| {
            if request.is_submit() {
                return json(200, format!(r#"{{"task_id":"t-{}","status":"queued"}}"#, bought.fetch_add(1, SeqCst)));
            }
            if request.path_ends(".mp4") {
                return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
            }
            if refused.load(SeqCst) {
                return json(401, r#"{"error":{"code":"invalid_api_key","message":"the key was revoked"}}"#);
            }
            let task = request.target.rsplit('/').next().unwrap_or_default();
            json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{task}.mp4"}}"#))
        })
    };
    let sandbox = sandbox(&vendor);
    let ended = sandbox.run(&RUN);
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("the key was revoked"), "{}", ended.stderr);
    refused.store(false, SeqCst);
    let ended = sandbox.run(&RUN);
    assert_eq!((ended.code, vendor.submits()), (Some(0), 3), "{}", ended.stderr);
}

#[test]
fn task_that_succeeded_and_is_then_unknown_is_waited_for_and_fetched() {
    let (fetched, unknown) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let vendor = RawVendor::start(move |request: &RawRequest, origin: &str| {
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"t-{}","status":"queued"}}"#, request.number));
        }
        if request.path_ends(".mp4") {
            let is_first = fetched.fetch_add(1, SeqCst) == 0;
            return if is_first { reply(404, &[], "") } else { reply(200, &["Content-Type: video/mp4"], clip("late")) };
        }
        if fetched.load(SeqCst) == 1 && unknown.fetch_add(1, SeqCst) < 4 {
            return json(404, r#"{"error":{"code":"task_not_found","message":"no such task"}}"#);
        }
        let task = request.target.rsplit('/').next().unwrap_or_default();
        json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{task}.mp4"}}"#))
    });
    let sandbox = sandbox(&vendor);
    fs::write(sandbox.path("set.csv"), "prompt,model,duration\na cat,minimax-hailuo-2.3,6\n").unwrap();
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!((sandbox.results("set")[0].get("status"), vendor.submits()), ("succeeded", 1));
}
