//! The same manifest again: the binary neither compares nor loads it, tells the same, and buys nothing twice.

use std::fs;

use reelq_sim::{SimPace, SimSettings};
use reelq_tests::{
    Account, Ended, Prompts, Sandbox, SimulatedVendor, StoreKind, damage_record, on_each_store, write_csv,
};

const LIMITS: &str = "requests_per_second = 100.0\nburst = 10\nmax_in_flight = 50\nrequest_timeout = \"5s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }\n";
const ROWS: usize = 30;

struct World {
    vendor: SimulatedVendor,
    sandbox: Sandbox,
}

impl World {
    fn new(store: StoreKind) -> Self {
        let vendor =
            SimulatedVendor::start(SimSettings { pace: SimPace::seconds(0.05, 0.1), ..SimSettings::default() });
        let account = Account { name: "wave", provider: "wave", lines: LIMITS.to_owned() };
        let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
        write_csv(&sandbox.path("set.csv"), Prompts { rows: ROWS, copies: 1 }, &[("wave", "wave")]);
        Self { vendor, sandbox }
    }

    /// Brings the manifest in; whether it was loaded.
    fn is_loaded(&self, command: &str) -> (bool, Ended) {
        let ended = self.sandbox.run(&[command, "set.csv", "--yes", "--log", "reelq_producer=debug"]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let (loaded, unchanged) =
            (ended.stderr.contains("manifest_loaded"), ended.stderr.contains("manifest_unchanged"));
        assert!(loaded != unchanged, "one or the other: {}", ended.stderr);
        (loaded, ended)
    }
}

fn a_manifest_that_did_not_change_is_not_loaded_again(store: StoreKind) {
    let world = World::new(store);
    let (loaded, first) = world.is_loaded("enqueue");
    assert!(loaded);
    let (loaded, again) = world.is_loaded("enqueue");
    assert!(!loaded);
    let line = |ended: &Ended| ended.stdout.lines().find(|line| line.starts_with("To buy:")).map(str::to_owned);
    assert!(line(&first).is_some() && line(&first) == line(&again), "{} {}", first.stdout, again.stdout);
    assert!(again.stdout.contains("0 new, 30 known"), "{}", again.stdout);
    assert!(!world.is_loaded("run").0, "what is queued is bought without it");
    assert_eq!(world.vendor.ledger().charges.len(), ROWS);
    assert!(!world.is_loaded("run").0);
    assert_eq!(world.vendor.ledger().charges.len(), ROWS);
    assert_eq!(world.sandbox.results("set").len(), ROWS);
}

fn what_changes_is_compared_and_loaded(store: StoreKind) {
    let world = World::new(store);
    assert!(world.is_loaded("enqueue").0);
    let config = fs::read_to_string(world.sandbox.path("reelq.toml")).unwrap_or_default();
    let slower = config.replace("requests_per_second = 100.0", "requests_per_second = 90.0");
    fs::write(world.sandbox.path("reelq.toml"), slower).unwrap_or_default();
    assert!(world.is_loaded("enqueue").0, "the account's limits");
    assert!(!world.is_loaded("enqueue").0);
    write_csv(&world.sandbox.path("set.csv"), Prompts { rows: ROWS + 1, copies: 1 }, &[("wave", "wave")]);
    let (loaded, more) = world.is_loaded("enqueue");
    assert!(loaded && more.stdout.contains("1 new, 30 known"), "{}", more.stdout);
    assert!(!world.is_loaded("run").0);
    assert_eq!(world.sandbox.run(&["purge", "set", "--yes"]).code, Some(0));
    let ended = world.sandbox.run(&["enqueue", "set.csv", "--yes", "--log", "reelq_producer=debug"]);
    assert!(!ended.stderr.contains("manifest_unchanged"), "{}", ended.stderr);
    assert_eq!(world.vendor.ledger().charges.len(), ROWS + 1, "a purged batch is not bought again unasked");
}

on_each_store!(a_manifest_that_did_not_change_is_not_loaded_again, what_changes_is_compared_and_loaded);

#[test]
fn what_a_run_finds_damaged_is_compared_by_the_next_one() {
    let world = World::new(StoreKind::Sqlite);
    assert!(world.is_loaded("run").0);
    let status = world.sandbox.run(&["status", "set", "--row", "2", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    damage_record(&world.sandbox.path(".reelq/state.db"), report["jobs"][0]["job"]["id"].as_str().unwrap());
    let run = || world.sandbox.run(&["run", "set.csv", "--yes", "--log", "reelq_producer=debug"]);
    let first = run();
    assert_eq!(first.code, Some(5), "{}", first.stderr);
    assert!(first.stderr.contains("manifest_unchanged") && first.stderr.contains("cannot be read"), "{}", first.stderr);
    let second = run();
    assert!(!second.stderr.contains("manifest_unchanged"), "{}", second.stderr);
    assert_eq!(world.vendor.ledger().charges.len(), ROWS, "nothing is bought twice");
}
