//! Cancelling a whole batch under living workers, and naming rows that are not there.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
};

use reelq_sim::SimSettings;
use reelq_tests::{
    Account, Prompts, Running, Sandbox, SimulatedVendor, StoreKind, on_each_store, wait_until, write_csv,
};

const IN_FLIGHT: usize = 6;
const LINES: &str = "requests_per_second = 100.0\nburst = 4\nmax_in_flight = 6\nrequest_timeout = \"2s\"\n\
    poll = { first = \"100ms\", min = \"50ms\", max = \"300ms\" }";
const ROWS: usize = 600;

fn world(store: StoreKind, rows: usize) -> (SimulatedVendor, Sandbox) {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let account = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
    write_csv(&sandbox.path("set.csv"), Prompts { rows, copies: 1 }, &[("wave", "wave")]);
    let loaded = sandbox.run(&["enqueue", "set.csv", "--yes"]);
    assert_eq!(loaded.code, Some(0), "{}", loaded.stderr);
    (vendor, sandbox)
}

fn counts(sandbox: &Sandbox) -> serde_json::Value {
    let status = sandbox.run(&["status", "set", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    report["batches"][0]["counts"].clone()
}

fn of(counts: &serde_json::Value, status: &str) -> usize {
    usize::try_from(counts[status].as_u64().unwrap_or(0)).unwrap()
}

fn bought(vendor: &SimulatedVendor) -> usize {
    vendor.ledger().charges.len()
}

fn cancel_stops_buying_with_its_first_line(store: StoreKind) {
    let (vendor, sandbox) = world(store, ROWS);
    let workers: Vec<Running> =
        (0..if store == StoreKind::Redis { 2 } else { 1 }).map(|_| sandbox.start(&["worker"])).collect();
    wait_until("something is bought", || bought(&vendor) > 3);
    let mut cancel = sandbox.command(&["cancel", "set", "--yes", "--json"]);
    let mut cancel = cancel.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut first, mut messages) = (String::new(), BufReader::new(cancel.stderr.take().unwrap()));
    messages.read_line(&mut first).unwrap();
    let at_first_line = bought(&vendor);
    assert!(first.contains("batch set is stopped"), "{first}");
    let mut report = String::new();
    cancel.stdout.take().unwrap().read_to_string(&mut report).unwrap();
    assert!(cancel.wait().unwrap().success());
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    wait_until("everything has ended", || {
        let counts = counts(&sandbox);
        of(&counts, "cancelled") + of(&counts, "succeeded") + of(&counts, "failed") == ROWS
    });
    let (counts, all) = (counts(&sandbox), bought(&vendor));
    assert!(all <= at_first_line + IN_FLIGHT, "{all} were bought, {at_first_line} of them before the first line");
    assert_eq!(of(&counts, "succeeded"), all, "what was bought is followed to its end: {counts}");
    assert_eq!(of(&counts, "cancelled"), ROWS - all, "not one that was queued is missed: {counts}");
    let cancelled = usize::try_from(report["cancelled"].as_u64().unwrap()).unwrap();
    let submitting = usize::try_from(report["submitting"].as_u64().unwrap()).unwrap();
    assert!(cancelled <= ROWS - all && ROWS - all <= cancelled + submitting + IN_FLIGHT, "{report} {counts}");
    // No trap: the same manifest again buys nothing, and what a person takes up again is bought.
    let again = sandbox.run(&["enqueue", "set.csv", "--yes"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    let retried = sandbox.run(&["retry", "set", "--cancelled", "--row", "600", "--yes"]);
    assert_eq!(retried.code, Some(0), "{}", retried.stderr);
    wait_until("the one is bought", || bought(&vendor) == all + 1);
    drop(workers);
}

fn a_cancel_that_died_is_finished_by_the_next(store: StoreKind) {
    let (vendor, sandbox) = world(store, ROWS);
    let worker = sandbox.start(&["worker"]);
    wait_until("something is bought", || bought(&vendor) > 3);
    let mut cancel = sandbox.command(&["cancel", "set", "--yes"]);
    let mut cancel = cancel.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(cancel.stderr.take().unwrap()).read_line(&mut first).unwrap();
    cancel.kill().unwrap();
    cancel.wait().unwrap();
    let at_first_line = bought(&vendor);
    let status = sandbox.run(&["status", "set", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    if report["batches"][0]["cancelling"] == true {
        let refused = sandbox.run(&["enqueue", "set.csv", "--yes"]);
        assert_ne!(refused.code, Some(0));
        assert!(refused.stderr.contains("reelq cancel set --yes"), "{}", refused.stderr);
    }
    let finished = sandbox.run(&["cancel", "set", "--yes"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    wait_until("everything has ended", || {
        let counts = counts(&sandbox);
        of(&counts, "cancelled") + of(&counts, "succeeded") == ROWS
    });
    assert!(bought(&vendor) <= at_first_line + IN_FLIGHT);
    drop(worker);
}

fn rows_that_are_not_there_are_named_and_nothing_is_done(store: StoreKind) {
    let (_vendor, sandbox) = world(store, 3);
    let stranger = "00112233445566778899aabbccddeeff";
    let cases: [&[&str]; 7] = [
        &["cancel", "set", "--row", "2", "--row", "99", "--yes"],
        &["cancel", "set", "--row", "99", "--job", stranger, "--yes"],
        &["cancel", "set", "--account", "no one", "--yes"],
        &["retry", "set", "--row", "1", "--row", "99", "--yes"],
        &["resolve", "set", "--row", "99", "--give-up", "--yes"],
        &["status", "set", "--row", "99"],
        &["status", "--row", "1", "--row", "99"],
    ];
    for case in cases {
        let refused = sandbox.run(case);
        assert_eq!(refused.code, Some(2), "{case:?}: {}", refused.stderr);
        let named = if case.contains(&"no one") { "`no one`" } else { "row 99" };
        assert!(refused.stderr.contains(named), "{case:?}: {}", refused.stderr);
        assert!(!case.contains(&stranger) || refused.stderr.contains(stranger), "all are named: {}", refused.stderr);
    }
    assert_eq!(of(&counts(&sandbox), "queued"), 3, "nothing was done to those that are there");
    let not_so = sandbox.run(&["retry", "set", "--row", "1", "--yes"]);
    assert!(not_so.stderr.contains("row 1 is queued"), "{}", not_so.stderr);
}

on_each_store!(
    cancel_stops_buying_with_its_first_line,
    a_cancel_that_died_is_finished_by_the_next,
    rows_that_are_not_there_are_named_and_nothing_is_done,
);
