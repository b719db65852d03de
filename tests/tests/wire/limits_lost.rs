//! A store that forgets what an account allows sells nothing on it before someone who has it in a configuration says so.

use std::time::Duration;

use reelq_redis_server::RedisServer;
use reelq_sim::{SimPace, SimSettings};
use reelq_tests::{Account, Prompts, Sandbox, SimulatedVendor, stays, wait_until, write_csv};

/// A price of $0.3111 each: the budget pays for a few.
const LINES: &str = "requests_per_second = 50.0\nburst = 4\nmax_in_flight = 3\nrequest_timeout = \"2s\"\nbudget_usd = 2.0\n\
    poll = { first = \"100ms\", min = \"50ms\", max = \"300ms\" }";

fn world(url: &str, rows: usize) -> (SimulatedVendor, Sandbox) {
    world_at(url, rows, SimPace::default())
}

fn world_at(url: &str, rows: usize, pace: SimPace) -> (SimulatedVendor, Sandbox) {
    let vendor = SimulatedVendor::start(SimSettings { pace, ..SimSettings::default() });
    let account = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![account], "").over(url);
    write_csv(&sandbox.path("set.csv"), Prompts { rows, copies: 1 }, &[("wave", "wave")]);
    let others = (0..rows).map(|row| format!("wave,minimax-hailuo-2.3,another clip {row},6\n"));
    let other = format!("account,model,prompt,duration\n{}", others.collect::<String>());
    std::fs::write(sandbox.path("other.csv"), other).unwrap();
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
        wait_until("the limits are set", || vendor.ledger().charges.len() >= 2);
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
        wait_until("they are set anew", || {
            fields.iter().all(|field| server.command(&["HEXISTS", &key, field]).int() == 1)
                || vendor.ledger().charges.len() >= 6
        });
    }
    wait_until("the budget is spent", || vendor.ledger().charges.len() >= 6);
    let spent = || vendor.ledger().charges.len();
    stays(Duration::from_millis(500), "$2.00 pays for six at $0.3111", || spent() == 6);
    drop(worker);
}

#[test]
fn an_emptied_redis_spends_no_budget_twice_and_passes_no_cap() {
    let server = RedisServer::with().append_only("always").start();
    // Tasks outlast the flush, so that places in flight are taken by what only the journal knows.
    let (vendor, sandbox) = world_at(&server.url(), 40, SimPace::seconds(1.5, 2.5));
    let loaded = sandbox.run(&["enqueue", "set.csv", "--yes"]);
    assert_eq!(loaded.code, Some(0), "{}", loaded.stderr);
    let worker = sandbox.start(&["worker"]);
    wait_until("purchases", || vendor.ledger().charges.len() >= 3);
    server.command(&["FLUSHALL"]);
    let other = sandbox.run(&["enqueue", "other.csv", "--yes", "--again"]);
    assert_eq!(other.code, Some(0), "{}", other.stderr);
    wait_until("what the journal knows is with the store", || {
        let told = sandbox.run(&["status", "--json"]).stdout;
        told.contains("\"absent\"") || vendor.ledger().charges.len() > 3
    });
    let status = sandbox.run(&["status"]);
    assert!(status.stdout.contains("in journals only: the store has lost their jobs"), "{}", status.stdout);
    assert!(status.stdout.contains("reelq enqueue MANIFEST --batch set --again"), "{}", status.stdout);
    let doctor = sandbox.run(&["doctor", "--offline"]);
    assert!(doctor.stdout.contains("in journals only"), "{}", doctor.stdout);
    // The lost batch comes back, and with it its tasks.
    let again = sandbox.run(&["enqueue", "set.csv", "--yes", "--again"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    let drained = sandbox.start(&["worker", "--drain"]).wait();
    assert_eq!(drained.code, Some(8), "{}", drained.stderr);
    let ledger = vendor.ledger();
    assert_eq!(ledger.charges.len(), 6, "$2.00 pays for six at $0.3111: {}", drained.stderr);
    assert!(ledger.accounts.iter().all(|account| account.peak_in_flight <= 3), "{:?}", ledger.accounts);
    let status = sandbox.run(&["status", "--json"]);
    assert!(!status.stdout.contains("\"absent\""), "all of it is followed again: {}", status.stdout);
    drop(worker);
}

#[test]
fn places_of_tasks_that_are_lost_for_good_are_given_back_by_a_person() {
    let server = RedisServer::with().append_only("always").start();
    let (vendor, sandbox) = world_at(&server.url(), 40, SimPace::seconds(600.0, 600.0));
    let loaded = sandbox.run(&["enqueue", "set.csv", "--yes"]);
    assert_eq!(loaded.code, Some(0), "{}", loaded.stderr);
    let worker = sandbox.start(&["worker"]);
    wait_until("purchases", || vendor.ledger().charges.len() >= 3);
    server.command(&["FLUSHALL"]);
    let other = sandbox.run(&["enqueue", "other.csv", "--yes", "--again"]);
    assert_eq!(other.code, Some(0), "{}", other.stderr);
    wait_until("the places are taken", || sandbox.run(&["status", "--json"]).stdout.contains("\"open\": 3"));
    assert_eq!(vendor.ledger().charges.len(), 3, "no place is free");
    let refused = sandbox.run(&["resume", "--after-loss"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    let given = sandbox.run(&["resume", "--after-loss", "--yes"]);
    assert_eq!(given.code, Some(0), "{}", given.stderr);
    wait_until("the places are used", || vendor.ledger().charges.len() >= 6);
    drop(worker);
}
