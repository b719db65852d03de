//! A Redis whose memory is full: nothing new is bought, what was paid for is followed to its end, and people can help.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use reelq_redis_server::{RedisReply, RedisServer};
use reelq_tests::{
    Account, Prompts, RawReply, RawRequest, RawVendor, Running, Sandbox, clip, json, reply, wait_until, write_csv,
};

const LINES: &str = "requests_per_second = 50.0\nburst = 8\nmax_in_flight = 4\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";
/// Rows of a batch that ended before, of the one under way, and of one that waits.
const ROWS: [(&str, usize); 3] = [("done.csv", 2), ("set.csv", 12), ("other.csv", 3)];
/// So many are in flight when the server is full.
const IN_FLIGHT: usize = 4;

/// A vendor without idempotency keys whose tasks come to their end once they may.
fn vendor(may_end: &Arc<AtomicBool>) -> RawVendor {
    let may_end = Arc::clone(may_end);
    RawVendor::start(move |request, origin| answer(request, origin, may_end.load(Ordering::SeqCst)))
}

fn answer(request: &RawRequest, origin: &str, may_end: bool) -> RawReply {
    if request.is_submit() {
        return json(200, format!(r#"{{"code":200,"data":{{"taskId":"t-{}"}}}}"#, request.number));
    }
    if request.path_ends(".mp4") {
        return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
    }
    let task = request.target.rsplit('=').next().unwrap_or_default();
    let links = format!(r#"{{\"resultUrls\":[\"{origin}/{task}.mp4\"]}}"#);
    let state = if may_end { format!(r#""success","resultJson":"{links}""#) } else { r#""processing""#.to_owned() };
    json(200, format!(r#"{{"code":200,"message":"success","data":{{"taskId":"{task}","state":{state}}}}}"#))
}

fn worker(sandbox: &Sandbox, arguments: &[&str]) -> Running {
    let mut command = sandbox.command(&[&["worker"], arguments].concat());
    command.env("REELQ_LEASE", "2s");
    Running::start(command)
}

/// A batch that has ended, one of which the first rows are being made, and one that waits for a person.
fn under_way(sandbox: &Sandbox, vendor: &RawVendor, may_end: &AtomicBool) -> Running {
    for (file, rows) in ROWS {
        write_csv(&sandbox.path(file), Prompts { rows, copies: 1 }, &[("apixo", "apixo")]);
    }
    may_end.store(true, Ordering::SeqCst);
    let calls: [&[&str]; 4] = [
        &["run", "done.csv", "--yes"],
        &["enqueue", "set.csv", "--yes", "--again"],
        &["enqueue", "other.csv", "--yes", "--again"],
        &["pause", "other"],
    ];
    for call in calls {
        let ended = sandbox.run(call);
        assert_eq!(ended.code, Some(0), "{call:?}: {}", ended.stderr);
    }
    may_end.store(false, Ordering::SeqCst);
    let worker = worker(sandbox, &[]);
    wait_until("tasks are in flight", || vendor.submits() == ROWS[0].1 + IN_FLIGHT);
    worker
}

/// Rows of the batch under way with this status.
fn count(sandbox: &Sandbox, status: &str) -> usize {
    let told = sandbox.run(&["status", "set", "--json"]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let report: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let count = report["batches"][0]["counts"][status].as_u64();
    usize::try_from(count.unwrap_or_default()).unwrap()
}

/// All that a person may want to do meanwhile.
fn help(sandbox: &Sandbox) {
    let calls: [&[&str]; 10] = [
        &["status"],
        &["status", "set", "--row", "1"],
        &["results", "set", "--format", "csv"],
        &["plan", "set.csv"],
        &["resume", "other"],
        &["pause", "other"],
        &["pause", "--account", "apixo"],
        &["resume", "--account", "apixo"],
        &["cancel", "other", "--yes"],
        &["purge", "done", "--yes"],
    ];
    for call in calls {
        let ended = sandbox.run(call);
        assert_eq!(ended.code, Some(0), "{call:?}: {}", ended.stderr);
    }
}

#[test]
fn a_full_redis_is_read_and_helped_and_buys_nothing_twice() {
    let server = RedisServer::with().append_only("always").directive("maxmemory-policy noeviction").start();
    let may_end = Arc::new(AtomicBool::new(true));
    let vendor = vendor(&may_end);
    let account = Account { name: "apixo", provider: "apixo", lines: LINES.to_owned() };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![account], "").over(&server.url());
    let first = under_way(&sandbox, &vendor, &may_end);
    wait_until("the purchases are recorded", || count(&sandbox, "running") == IN_FLIGHT);
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);
    let bought = vendor.submits();
    // Whoever comes now finds the server full: it brings its limits and its journal, and follows what another bought.
    drop(first.kill());
    let config = fs::read_to_string(sandbox.path("reelq.toml")).unwrap();
    fs::write(sandbox.path("reelq.toml"), config.replace("max_in_flight = 4", "max_in_flight = 6")).unwrap();
    let second = worker(&sandbox, &[]);
    help(&sandbox);
    wait_until("limits are set", || {
        server.command(&["HGET", "reelq:{default}:a:1", "cap"]) == RedisReply::Text("6".into())
    });
    may_end.store(true, Ordering::SeqCst);
    wait_until("what was bought is polled, fetched and recorded", || count(&sandbox, "succeeded") == IN_FLIGHT);
    assert_eq!(vendor.submits(), bought, "nothing is bought on a full server");
    server.command(&["CONFIG", "SET", "maxmemory", "0"]);
    let rows = ROWS[0].1 + ROWS[1].1;
    wait_until("it goes on", || vendor.submits() == rows);
    let ended = worker(&sandbox, &["--drain"]).wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    drop(second);
    assert_eq!((vendor.submits(), count(&sandbox, "succeeded")), (rows, ROWS[1].1), "none is bought twice");
}
