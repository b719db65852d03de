//! A store that forgets what an account allows sells nothing on it before somebody who has it in a configuration says so.

use std::time::Duration;

use reelq_model::{Clock as _, SystemClock};
use reelq_redis_server::RedisServer;
use reelq_sim::Settings;
use reelq_tests::{Account, Prompts, Sandbox, Vendor, write_csv};

/// A price of $0.3111 each: the budget pays for a few.
const LINES: &str = "requests_per_second = 50.0\nburst = 4\nmax_in_flight = 3\nrequest_timeout = \"2s\"\nbudget_usd = 2.0\n\
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

fn world(url: &str, rows: usize) -> (Vendor, Sandbox) {
    let vendor = Vendor::start(Settings::default());
    let account = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![account], "").over(url);
    write_csv(&sandbox.path("set.csv"), Prompts { rows, copies: 1 }, &[("wave", "wave")]);
    (vendor, sandbox)
}

fn account_key(server: &RedisServer) -> String {
    let keys = server.command(&["EVAL", "return redis.call('KEYS', '*:a:*')[1]", "0"]);
    keys.text().to_owned()
}

/// Every part of the record of an account's limits that can be lost, and the whole of it.
#[test]
fn limits_that_were_lost_are_set_anew_by_the_worker_and_never_passed() {
    let server = RedisServer::with().append_only("always").start();
    let (vendor, sandbox) = world(&server.url(), 40);
    let loaded = sandbox.run(&["enqueue", "set.csv", "--yes"]);
    assert_eq!(loaded.code, Some(0), "{}", loaded.stderr);
    let worker = sandbox.start(&["worker"]);
    let key = {
        until("the limits are set", || vendor.ledger().charges.len() >= 2);
        account_key(&server)
    };
    for fields in [
        &["cap"][..],
        &["budget"],
        &["daily"],
        &["submit"],
        &["poll"],
        &["limits"],
        &["limits", "cap", "budget", "daily", "submit", "poll"],
    ] {
        server.command(&[&["HDEL", key.as_str()], fields].concat());
        until("they are set anew", || {
            fields.iter().all(|field| server.command(&["HEXISTS", &key, field]).int() == 1)
                || vendor.ledger().charges.len() >= 6
        });
    }
    until("the budget is spent", || vendor.ledger().charges.len() >= 6);
    std::thread::sleep(Duration::from_millis(500));
    let spent = vendor.ledger().charges.len();
    assert_eq!(spent, 6, "$2.00 pays for six at $0.3111");
    drop(worker);
}
