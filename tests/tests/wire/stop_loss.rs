//! A batch that fails too often, or costs too much, is held before the rest of it is bought.

use reelq_sim::{Faults, SimSettings};
use reelq_tests::{Account, Prompts, Running, Sandbox, SimulatedVendor, StoreKind, write_csv};

const LIMITS: &str = "requests_per_second = 8.0\nburst = 1\nmax_in_flight = 4\nrequest_timeout = \"2s\"\nretries = 0\n\
    breaker = { after = 0 }\npoll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }\n";
const ROWS: usize = 60;

/// A batch `set` whose every row fails.
fn open(store: StoreKind) -> (SimulatedVendor, Sandbox) {
    let faults: Faults = "permanent_failure=1".parse().unwrap();
    let vendor = SimulatedVendor::start(SimSettings { faults, ..SimSettings::default() });
    let account = Account { name: "wave", provider: "wave", lines: LIMITS.to_owned() };
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
    write_csv(&sandbox.path("set.csv"), Prompts { rows: ROWS, copies: 1 }, &[("wave", "wave")]);
    (vendor, sandbox)
}

fn bought(vendor: &SimulatedVendor) -> usize {
    vendor.ledger().charges.len()
}

#[test]
fn a_run_that_breaks_its_stop_rule_is_held_says_why_and_goes_on_only_once_a_person_says_so() {
    let (vendor, sandbox) = open(StoreKind::Sqlite);
    let stopped = sandbox.run(&["run", "set.csv", "--stop-if", "failed>3", "--yes"]);
    let first = bought(&vendor);
    assert_eq!(stopped.code, Some(5), "{}", stopped.stderr);
    assert!((4..ROWS / 2).contains(&first), "{first} were bought");
    assert!(stopped.stderr.contains("rows that ended failed (failed>3)"), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("reelq resume set"), "{}", stopped.stderr);

    let held = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!((held.code, bought(&vendor)), (Some(5), first), "{}", held.stderr);

    // What failed before is no reason to stop again at once.
    assert_eq!(sandbox.run(&["resume", "set"]).code, Some(0));
    let more = sandbox.run(&["continue", "set", "--yes"]);
    let second = bought(&vendor);
    assert!(more.code == Some(5) && second > first + 3 && second < ROWS, "{second}: {}", more.stderr);
}

#[test]
fn a_manifest_says_its_own_stop_rule_and_workers_judge_it_together() {
    let (vendor, sandbox) = open(StoreKind::Redis);
    let manifest = "[batch]\nname = \"set\"\nstop_if = [\"failed>20%\"]\n[[sources]]\npath = \"set.csv\"\n";
    std::fs::write(sandbox.path("set.toml"), manifest).unwrap();
    assert_eq!(sandbox.run(&["enqueue", "set.toml", "--yes"]).code, Some(0));
    let workers: Vec<Running> = (0..2).map(|_| sandbox.start(&["worker", "--drain"])).collect();
    for worker in workers {
        assert_eq!(worker.wait().code, Some(5));
    }
    let bought = bought(&vendor);
    assert!((10..ROWS).contains(&bought), "{bought} were bought");
    let status = sandbox.run(&["status", "set"]);
    assert!(status.stdout.contains("paused"), "{}", status.stdout);
}

#[test]
fn a_stop_rule_that_is_none_is_refused_with_the_forms_that_there_are() {
    let (vendor, sandbox) = open(StoreKind::Sqlite);
    let ended = sandbox.run(&["run", "set.csv", "--stop-if", "failing", "--yes"]);
    assert!(ended.code == Some(2) && ended.stderr.contains("failed>10%"), "{}", ended.stderr);
    assert_eq!(bought(&vendor), 0);
}

#[test]
fn refusals_are_counted_to_the_last_however_many_there_are() {
    let faults: Faults = "moderation=1".parse().unwrap();
    let vendor = SimulatedVendor::start(SimSettings { faults, ..SimSettings::default() });
    let lines = LIMITS.replace("8.0", "150.0").replace("max_in_flight = 4", "max_in_flight = 200");
    let sandbox =
        Sandbox::on(StoreKind::Sqlite, &vendor.base_url(), vec![Account { name: "wave", provider: "wave", lines }], "");
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 4_000, copies: 1 }, &[("wave", "wave")]);
    let stopped = sandbox.run(&["run", "set.csv", "--stop-if", "refused>1050", "--yes"]);
    let bought = bought(&vendor);
    assert_eq!(stopped.code, Some(5), "{}", stopped.stderr);
    assert!((1_051..4_000).contains(&bought), "{bought} were bought");
}
