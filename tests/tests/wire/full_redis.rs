//! A Redis whose memory is full can be read and helped, and what was paid for is kept.

use std::time::Duration;

use reelq_model::{Clock as _, SystemClock};
use reelq_redis_server::RedisServer;
use reelq_sim::Settings;
use reelq_tests::{Account, Prompts, Sandbox, Vendor, write_csv};

const LINES: &str = "requests_per_second = 50.0\nburst = 4\nmax_in_flight = 5\nrequest_timeout = \"2s\"\n\
    poll = { first = \"100ms\", min = \"50ms\", max = \"300ms\" }";
const PATIENCE: Duration = Duration::from_mins(2);

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let clock = SystemClock::new();
    let begun = clock.monotonic();
    while !holds() {
        assert!(clock.monotonic().saturating_sub(begun) < PATIENCE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_full_redis_is_read_and_helped_and_buys_nothing_twice() {
    let server = RedisServer::with().append_only("always").directive("maxmemory-policy noeviction").start();
    let vendor = Vendor::start(Settings::default());
    let account = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![account], "").over(&server.url());
    for (file, rows) in [("done.csv", 2), ("set.csv", 60), ("other.csv", 3)] {
        write_csv(&sandbox.path(file), Prompts { rows, copies: 1 }, &[("wave", "wave")]);
    }
    let done = sandbox.run(&["run", "done.csv", "--yes"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    for file in ["set.csv", "other.csv"] {
        let loaded = sandbox.run(&["enqueue", file, "--yes", "--again"]);
        assert_eq!(loaded.code, Some(0), "{file}: {}", loaded.stderr);
    }
    assert_eq!(sandbox.run(&["pause", "other"]).code, Some(0));
    let worker = sandbox.start(&["worker"]);
    until("something is bought", || vendor.ledger().charges.len() >= 6);
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);
    let commands: [&[&str]; 9] = [
        &["status"],
        &["status", "set", "--row", "1"],
        &["results", "set", "--format", "csv"],
        &["plan", "set.csv"],
        &["pause", "other"],
        &["pause", "--account", "wave"],
        &["resume", "--account", "wave"],
        &["cancel", "other", "--yes"],
        &["purge", "done", "--yes"],
    ];
    for command in commands {
        let ended = sandbox.run(command);
        assert_eq!(ended.code, Some(0), "{command:?}: {}", ended.stderr);
    }
    let running = || {
        let status = sandbox.run(&["status", "set", "--json"]);
        let report: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
        let counts = &report["batches"][0]["counts"];
        ["running", "fetching", "submitting"].iter().map(|status| counts[*status].as_u64().unwrap_or(0)).sum::<u64>()
    };
    until("what was bought is fetched on a full server", || running() == 0);
    server.command(&["CONFIG", "SET", "maxmemory", "0"]);
    until("it goes on", || vendor.ledger().charges.len() >= 62);
    let ended = sandbox.run(&["worker", "--drain"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    drop(worker);
    assert_eq!(vendor.ledger().charges.len(), 62, "60 of one batch, two of the purged one, none twice");
}
