//! Tasks stay with the process that follows them: however that one ends, and whatever people want meanwhile, each task is followed
//! to its end and bought once.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

use std::time::Duration;

use reelq_sim::{SimPace, SimSettings};
use reelq_tests::{
    Account, Audit, Ended, Prompts, Running, Sandbox, SimulatedVendor, StoreKind, on_each_store, wait_until, write_csv,
};
use serde_json::Value;

const ROWS: usize = 24;
const RUN: [&str; 3] = ["run", "set.csv", "--yes"];
/// Looks are dense, so that each task is looked at often while it runs.
const LIMITS: &str = "requests_per_second = 200.0\nburst = 50\nmax_in_flight = 100\nrequest_timeout = \"5s\"\n\
    poll = { first = \"100ms\", min = \"100ms\", max = \"200ms\" }";

/// A vendor whose tasks run for so long.
fn running(store: StoreKind, seconds: f64) -> (SimulatedVendor, Sandbox) {
    world(store, SimPace::seconds(seconds, seconds))
}

fn world(store: StoreKind, pace: SimPace) -> (SimulatedVendor, Sandbox) {
    let vendor = SimulatedVendor::start(SimSettings { pace, ..SimSettings::default() });
    let account = Account { name: "wave", provider: "wave", lines: LIMITS.to_owned() };
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
    write_csv(&sandbox.path("set.csv"), Prompts { rows: ROWS, copies: 1 }, &[("wave", "wave")]);
    (vendor, sandbox)
}

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let ended = sandbox.run(arguments);
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

/// How many tasks the workers have: looks alone are done in a moment, so that more than a few are followed.
fn followed(sandbox: &Sandbox) -> u64 {
    let workers = json(sandbox, &["status", "--json"])["workers"].clone();
    workers.as_array().into_iter().flatten().filter_map(|worker| worker["leases"].as_u64()).sum()
}

/// A run whose tasks all run at the vendor and are followed.
fn follows_all(vendor: &SimulatedVendor, sandbox: &Sandbox, arguments: &[&str]) -> Running {
    let mut run = sandbox.start(arguments);
    wait_until("everything is bought", || vendor.ledger().charges.len() == ROWS || run.has_ended());
    wait_until("everything is followed", || followed(sandbox) == ROWS as u64 || run.has_ended());
    assert!(!run.has_ended(), "{:?}", run.wait());
    run
}

fn all_came(vendor: &SimulatedVendor, sandbox: &Sandbox) {
    let (ledger, rows) = (vendor.ledger(), sandbox.results("set"));
    assert_eq!(ledger.charges.len(), ROWS, "each was bought once");
    let audit = Audit { ledger: &ledger, rows: &rows };
    audit.every_row_once_and_in_order(ROWS, 1);
    audit.nothing_is_bought_twice();
    audit.every_charge_is_accounted_for();
    audit.every_clip_is_on_disk(&sandbox.path("out/set"));
    assert_eq!(audit.statuses().into_iter().collect::<Vec<_>>(), ["succeeded"]);
}

fn ended_well(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

on_each_store!(
    tasks_of_a_follower_that_is_killed_are_followed_by_the_process_beside_it,
    tasks_of_a_follower_that_was_killed_are_followed_by_the_same_command,
    a_follower_that_is_interrupted_gives_its_tasks_back_with_their_looks,
    a_cancel_of_followed_tasks_withdraws_them_at_once,
);

fn tasks_of_a_follower_that_is_killed_are_followed_by_the_process_beside_it(store: StoreKind) {
    let (vendor, sandbox) = running(store, 10.0);
    let run = follows_all(&vendor, &sandbox, &RUN);
    let beside = sandbox.start(&["worker"]);
    run.kill();
    wait_until("the other follows all", || followed(&sandbox) == ROWS as u64);
    wait_until("everything has come", || {
        json(&sandbox, &["status", "set", "--json"])["batches"][0]["counts"]["succeeded"] == ROWS as u64
    });
    beside.signal("INT");
    let _ = beside.wait();
    ended_well(&sandbox.run(&RUN));
    all_came(&vendor, &sandbox);
}

fn tasks_of_a_follower_that_was_killed_are_followed_by_the_same_command(store: StoreKind) {
    let (vendor, sandbox) = running(store, 8.0);
    follows_all(&vendor, &sandbox, &RUN).kill();
    ended_well(&sandbox.run(&RUN));
    all_came(&vendor, &sandbox);
}

fn a_follower_that_is_interrupted_gives_its_tasks_back_with_their_looks(store: StoreKind) {
    let (vendor, sandbox) = running(store, 15.0);
    let run = follows_all(&vendor, &sandbox, &RUN);
    wait_until("each was looked at a few times", || vendor.ledger().requests.polls > 5 * ROWS as u64);
    run.signal("INT");
    assert_eq!(run.wait().code, Some(130));
    assert_eq!(followed(&sandbox), 0);
    let looked = vendor.ledger().requests.polls;
    let jobs = json(&sandbox, &["status", "set", "--status", "running", "--json"]);
    let jobs = jobs["jobs"].as_array().unwrap();
    assert_eq!(jobs.len(), ROWS);
    let polls: u64 = jobs.iter().filter_map(|view| view["job"]["polls"].as_u64()).sum();
    assert_eq!(polls, looked, "every look is counted");
    assert!(jobs.iter().all(|view| view["worker"].is_null() && !view["due"].is_null()), "{jobs:?}");
    ended_well(&sandbox.run(&RUN));
    all_came(&vendor, &sandbox);
}

fn a_cancel_of_followed_tasks_withdraws_them_at_once(store: StoreKind) {
    // What has not begun at the vendor can be withdrawn.
    let wait = Duration::from_mins(2);
    let (vendor, sandbox) = world(store, SimPace { queue: (wait, wait), ..SimPace::default() });
    let run = follows_all(&vendor, &sandbox, &RUN);
    ended_well(&sandbox.run(&["cancel", "set", "--yes"]));
    let ended = run.wait();
    let rows = sandbox.results("set");
    assert!(rows.iter().all(|row| row.get("status") == "cancelled"), "{ended:?}");
    let ledger = vendor.ledger();
    assert_eq!((rows.len(), ledger.charges.len(), ledger.requests.cancels), (ROWS, ROWS, ROWS as u64));
}
