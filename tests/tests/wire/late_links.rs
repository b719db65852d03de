//! Links that come to life late, at a vendor that names them once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reelq_tests::{
    Account, Ended, RawReply, RawRequest, RawVendor, Sandbox, StoreKind, clip, json, on_each_store, reply,
};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\nrequest_timeout = \"2s\"\n\
    patience = \"1s\"\npoll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

fn sandbox(store: StoreKind, vendor: &RawVendor, rows: usize) -> Sandbox {
    let account = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
    let rows: Vec<_> = (0..rows).map(|row| format!("cat {row},minimax-hailuo-2.3,6\n")).collect();
    fs::write(sandbox.path("set.csv"), format!("prompt,model,duration\n{}", rows.concat())).unwrap();
    sandbox
}

/// The task of a request for a status or a file.
fn task(request: &RawRequest) -> String {
    request.target.rsplit('/').next().unwrap_or_default().trim_end_matches(".mp4").to_owned()
}

fn accepted(request: &RawRequest) -> RawReply {
    json(200, format!(r#"{{"task_id":"t-{}","status":"queued"}}"#, request.prompt().replace("cat ", "")))
}

fn completed(task: &str, link: &str) -> RawReply {
    json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{link}"}}"#))
}

fn video() -> RawReply {
    reply(200, &["Content-Type: video/mp4"], clip("late"))
}

/// A vendor that names each link once: from then on its status is `after(task)`. Files answer by `file(since, request)`,
/// the time since they were first asked for.
fn names_once(
    after: impl Fn(&str) -> RawReply + Send + Sync + 'static,
    file: impl Fn(Duration, &RawRequest) -> RawReply + Send + Sync + 'static,
) -> RawVendor {
    let (named, first) = (Mutex::new(BTreeSet::new()), Mutex::new(BTreeMap::new()));
    RawVendor::start(move |request, origin| {
        let task = task(request);
        if request.is_submit() {
            return accepted(request);
        }
        if request.path_ends(".mp4") {
            let first = *first.lock().unwrap().entry(task).or_insert(request.at);
            return file(request.at.saturating_sub(first), request);
        }
        let is_first = named.lock().unwrap().insert(task.clone());
        if is_first { completed(&task, &format!("{origin}/files/{task}.mp4")) } else { after(&task) }
    })
}

fn succeeded(ended: &Ended, vendor: &RawVendor, sandbox: &Sandbox, rows: usize) {
    assert_eq!((ended.code, vendor.submits()), (Some(0), rows), "{}", ended.stderr);
    for row in sandbox.results("set") {
        assert_eq!(row.get("status"), "succeeded", "{}", row.get("error_message"));
        let stored = fs::read(sandbox.path("out/set").join(row.get("file"))).unwrap();
        assert_eq!(stored, clip("late"));
    }
}

/// What a status says instead of naming the link again, by the row.
const FORGETFUL: [(u16, &str); 7] = [
    (404, r#"{"error":{"message":"task not found","code":"task_not_found"}}"#),
    (500, "Internal Server Error"),
    (200, r#"{"status":"failed","error":{"code":"task_failed","message":"boom"}}"#),
    (200, r#"{"status":"processing","progress":"45%"}"#),
    (401, "<html><title>Log in</title></html>"),
    (200, r#"{"status":"completed","result":{"videos":[]}}"#),
    (410, r#"{"error":{"message":"gone","code":"task_expired"}}"#),
];

on_each_store![a_link_that_comes_to_life_is_fetched_whatever_the_status_says_meanwhile];

fn a_link_that_comes_to_life_is_fetched_whatever_the_status_says_meanwhile(store: StoreKind) {
    let after = |task: &str| {
        let (status, body) = FORGETFUL[task.trim_start_matches("t-").parse::<usize>().unwrap()];
        reply(status, &[], body)
    };
    let vendor =
        names_once(after, |since, _| if since < Duration::from_secs(3) { reply(404, &[], "") } else { video() });
    let sandbox = sandbox(store, &vendor, FORGETFUL.len());
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    succeeded(&ended, &vendor, &sandbox, FORGETFUL.len());
    let asked = vendor.requests().len();
    assert!(asked < FORGETFUL.len() * 30, "{asked} requests");
}

#[test]
fn a_link_that_was_named_first_and_one_that_was_named_later_are_tried_in_turn() {
    let polls = AtomicUsize::new(0);
    let vendor = RawVendor::start(move |request, origin| {
        if request.is_submit() {
            return accepted(request);
        }
        if request.path_ends(".mp4") {
            let lives = request.path_ends("/0.mp4") && request.at > Duration::from_secs(5);
            return if lives { video() } else { reply(404, &[], "") };
        }
        let poll = polls.fetch_add(1, SeqCst);
        completed(&task(request), &format!("{origin}/files/{poll}.mp4"))
    });
    let sandbox = sandbox(StoreKind::Sqlite, &vendor, 1);
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    succeeded(&ended, &vendor, &sandbox, 1);
}

#[expect(clippy::disallowed_methods, reason = "the vendor's own clock")]
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// A vendor that names a link once, good for so many seconds, and then knows the task no more.
fn expiring(seconds: i64, file: impl Fn(Duration) -> RawReply + Send + Sync + 'static) -> RawVendor {
    let named = AtomicI64::new(0);
    let first = Mutex::new(None);
    RawVendor::start(move |request, origin| {
        if request.is_submit() {
            return accepted(request);
        }
        if request.path_ends(".mp4") {
            let first = *first.lock().unwrap().get_or_insert(request.at);
            return file(request.at.saturating_sub(first));
        }
        if named.fetch_add(1, SeqCst) > 0 {
            return json(404, FORGETFUL[0].1);
        }
        let (task, expires_at) = (task(request), now() + seconds);
        json(
            200,
            format!(
                r#"{{"task_id":"{task}","status":"completed","result":{{"video_url":"{origin}/{task}.mp4","expires_at":{expires_at}}}}}"#
            ),
        )
    })
}

#[test]
fn an_hours_wish_of_a_file_server_does_not_outlast_its_link() {
    let vendor = expiring(12, |since| match since.as_secs() {
        0..2 => reply(503, &["Retry-After: 3600"], "busy"),
        2..12 => video(),
        _ => reply(403, &[], "expired"),
    });
    let sandbox = sandbox(StoreKind::Sqlite, &vendor, 1);
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    succeeded(&ended, &vendor, &sandbox, 1);
}

#[test]
fn a_look_at_an_expired_row_tries_the_link_that_it_had() {
    let lives = Arc::new(AtomicBool::new(false));
    let there = Arc::clone(&lives);
    let vendor = expiring(3, move |_| if there.load(SeqCst) { video() } else { reply(404, &[], "") });
    let sandbox = sandbox(StoreKind::Sqlite, &vendor, 1);
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert_eq!(sandbox.results("set")[0].get("error_kind"), "expired");
    lives.store(true, SeqCst);
    sandbox.run(&["retry", "set", "--look", "--yes"]);
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    succeeded(&ended, &vendor, &sandbox, 1);
}
