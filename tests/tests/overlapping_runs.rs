//! Two runs of one batch do not overlap, and one that was killed stands in no one's way for long.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

use std::time::Duration;

use reelq_model::{Clock as _, SystemClock};
use reelq_sim::SimSettings;
use reelq_tests::{Account, Ended, Prompts, Sandbox, SimulatedVendor, StoreKind, on_each_store, wait_until, write_csv};

const RUN: [&str; 3] = ["run", "set.csv", "--yes"];
/// Longer than a busy machine takes to start a run, so that the first one that comes is still in time to be refused.
const LEASE: Duration = Duration::from_secs(5);
/// So slow that a run works for a while.
const LIMITS: &str = "requests_per_second = 4.0\nburst = 1\nmax_in_flight = 50\nrequest_timeout = \"1s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";
const PATIENCE: Duration = Duration::from_mins(1);

fn world(store: StoreKind, rows: usize) -> (SimulatedVendor, Sandbox) {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let account = Account { name: "wave", provider: "wave", lines: LIMITS.to_owned() };
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
    let config = std::fs::read_to_string(sandbox.path("reelq.toml")).unwrap();
    std::fs::write(sandbox.path("reelq.toml"), format!("lease = \"{}s\"\n{config}", LEASE.as_secs())).unwrap();
    write_csv(&sandbox.path("set.csv"), Prompts { rows, copies: 1 }, &[("wave", "wave")]);
    (vendor, sandbox)
}

/// A run that bought something and was killed.
fn killed_in_the_midst(vendor: &SimulatedVendor, sandbox: &Sandbox) {
    let mut run = sandbox.start(&RUN);
    let bought = || !vendor.ledger().charges.is_empty();
    wait_until("something is bought", || bought() || run.has_ended());
    let ended = run.kill();
    assert!(bought(), "nothing was bought: {ended:?}");
}

fn gave_way(ended: &Ended) {
    assert_eq!((ended.code, &*ended.stdout), (Some(5), ""), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("batch set is run by run-"), "{}", ended.stderr);
}

fn bought_once(vendor: &SimulatedVendor, ended: &Ended, rows: usize) {
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(vendor.ledger().charges.len(), rows);
}

fn a_killed_run_is_gone_on_with_at_once(store: StoreKind) {
    let (vendor, sandbox) = world(store, 8);
    killed_in_the_midst(&vendor, &sandbox);
    bought_once(&vendor, &sandbox.run(&RUN), 8);
    assert!(
        sandbox.path(".reelq/runs").read_dir().is_ok_and(|mut files| files.next().is_none())
            == (store == StoreKind::Redis)
    );
}

#[test]
fn a_run_that_died_on_another_machine_stands_in_the_way_for_its_lease_and_a_second() {
    let (vendor, sandbox) = world(StoreKind::Redis, 8);
    killed_in_the_midst(&vendor, &sandbox);
    let died = SystemClock::new();
    // Another machine sees nothing of what this one has on its disk.
    std::fs::remove_dir_all(sandbox.path(".reelq")).unwrap();
    let mut refused = 0;
    let (goes, ended) = loop {
        let begun = died.monotonic();
        let ended = sandbox.run(&RUN);
        if ended.code != Some(5) {
            break (begun, ended);
        }
        gave_way(&ended);
        assert!(ended.stderr.contains(" s if it has died"), "{}", ended.stderr);
        refused += 1;
        assert!(died.monotonic() < PATIENCE, "it never lapsed");
    };
    assert!(refused > 0, "it was taken for dead before its time");
    // The last that gave way began a moment before the time was over.
    assert!(goes < LEASE * 3, "it lapsed only after {goes:?}");
    bought_once(&vendor, &ended, 8);
}

fn of_two_runs_one_gives_way_while_the_other_still_plans(store: StoreKind) {
    let (_vendor, sandbox) = world(store, 50_000);
    let (mut one, mut two) = (sandbox.start(&RUN), sandbox.start(&RUN));
    wait_until("one of them gives way", || one.has_ended() || two.has_ended());
    let (ended, mut planning) = if one.has_ended() { (one, two) } else { (two, one) };
    let status = sandbox.run(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    gave_way(&ended.wait());
    assert!(!planning.has_ended());
    assert_eq!(status["batches"], serde_json::json!([]), "the other has not loaded anything yet");
    planning.kill();
}

on_each_store!(a_killed_run_is_gone_on_with_at_once, of_two_runs_one_gives_way_while_the_other_still_plans);
