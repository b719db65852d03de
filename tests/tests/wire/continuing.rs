//! `continue` goes on with what was agreed to: no job more, and no budget less.

use std::fs;

use reelq_sim::SimSettings;
use reelq_tests::{Account, Ended, Running, Sandbox, SimulatedVendor, StoreKind, on_each_store};

const LIMITS: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 20\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }\n";

fn write(sandbox: &Sandbox, rows: usize) {
    let rows: Vec<_> = (0..rows).map(|row| format!("pig {row},minimax-hailuo-2.3\n")).collect();
    let rows = rows.concat();
    fs::write(sandbox.path("pigs.csv"), format!("prompt,model\n{rows}")).unwrap();
}

fn open(store: StoreKind, rows: usize) -> (SimulatedVendor, Sandbox) {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let account = Account { name: "wave", provider: "wave", lines: LIMITS.to_owned() };
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
    write(&sandbox, rows);
    (vendor, sandbox)
}

/// Runs exactly this, where no one can be asked.
fn typed(sandbox: &Sandbox, arguments: &[&str]) -> Ended {
    Running::start(sandbox.typed(arguments)).wait()
}

fn bought(vendor: &SimulatedVendor) -> usize {
    vendor.ledger().charges.len()
}

fn budget(sandbox: &Sandbox) -> String {
    let status = sandbox.run(&["status", "pigs", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    status["batches"][0]["batch"]["budget_usd"].to_string()
}

const LOAD: [&str; 5] = ["enqueue", "pigs.csv", "--set", "duration=6", "--yes"];

on_each_store!(
    a_batch_goes_on_as_it_was_loaded_whatever_became_of_its_manifest,
    a_budget_stays_until_somebody_says_another_or_none,
);

fn a_batch_goes_on_as_it_was_loaded_whatever_became_of_its_manifest(store: StoreKind) {
    let (vendor, sandbox) = open(store, 2);
    assert_eq!(typed(&sandbox, &LOAD).code, Some(0));
    write(&sandbox, 5);
    let ended = typed(&sandbox, &["continue", "pigs"]);
    assert_eq!((ended.code, bought(&vendor)), (Some(0), 2), "{}", ended.stderr);
    fs::remove_file(sandbox.path("pigs.csv")).unwrap();
    let again = typed(&sandbox, &["continue", "pigs"]);
    assert_eq!((again.code, bought(&vendor)), (Some(0), 2), "{}", again.stderr);
    assert_eq!(sandbox.results("pigs").len(), 2);
    let unknown = typed(&sandbox, &["continue", "dogs"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
}

fn a_budget_stays_until_somebody_says_another_or_none(store: StoreKind) {
    let (vendor, sandbox) = open(store, 4);
    let run = ["run", "pigs.csv", "--set", "duration=6", "--yes"];
    assert_eq!(sandbox.run(&[&run[..], &["--budget", "0.70"]].concat()).code, Some(8));
    for again in [&run[..], &["continue", "pigs"]] {
        let ended = typed(&sandbox, again);
        assert_eq!((ended.code, bought(&vendor), budget(&sandbox).as_str()), (Some(8), 2, "0.7"), "{}", ended.stderr);
    }
    let refused = typed(&sandbox, &["continue", "pigs", "--budget", "1.00"]);
    assert_eq!((refused.code, bought(&vendor), budget(&sandbox).as_str()), (Some(2), 2, "0.7"), "{}", refused.stderr);
    assert!(refused.stderr.contains("from $0.70 to $1.00"), "{}", refused.stderr);
    let lower = typed(&sandbox, &["continue", "pigs", "--budget", "0.65"]);
    assert_eq!((lower.code, budget(&sandbox).as_str()), (Some(8), "0.65"), "less needs no yes: {}", lower.stderr);
    let more = typed(&sandbox, &["continue", "pigs", "--budget", "1.00", "--yes"]);
    assert_eq!((more.code, bought(&vendor)), (Some(8), 3), "{}", more.stderr);
    let plan = sandbox.run(&["plan", "pigs.csv", "--set", "duration=6"]);
    assert!(plan.stdout.contains("Budget: $1.00, as it was said before"), "{}", plan.stdout);
    let free = sandbox.run(&[&run[..], &["--no-budget"]].concat());
    assert_eq!((free.code, bought(&vendor), budget(&sandbox).as_str()), (Some(0), 4, "null"), "{}", free.stderr);
}

#[test]
fn a_manifests_budget_replaces_one_that_was_said_only_where_it_changes() {
    let (vendor, sandbox) = open(StoreKind::Sqlite, 4);
    let manifest = |budget: &str| {
        let text =
            format!("[batch]\nname = \"pigs\"\n{budget}\n[defaults]\nduration = 6\n[[sources]]\npath = \"pigs.csv\"\n");
        fs::write(sandbox.path("pigs.toml"), text).unwrap();
    };
    manifest("budget_usd = 5");
    assert_eq!(sandbox.run(&["run", "pigs.toml", "--budget", "0.35"]).code, Some(8));
    assert_eq!((sandbox.run(&["run", "pigs.toml"]).code, bought(&vendor)), (Some(8), 1));
    manifest("budget_usd = 0.70");
    assert_eq!((sandbox.run(&["run", "pigs.toml"]).code, bought(&vendor)), (Some(8), 2));
    manifest("");
    assert_eq!(
        (sandbox.run(&["run", "pigs.toml"]).code, bought(&vendor)),
        (Some(8), 2),
        "a line left out ends no budget"
    );
}

#[test]
fn a_row_that_was_queued_again_and_is_gone_from_the_manifest_is_named_before_it_is_bought() {
    let faults = "moderation=1".parse().unwrap();
    let vendor = SimulatedVendor::start(SimSettings { faults, ..SimSettings::default() });
    let account = Account { name: "poyo", provider: "poyo", lines: LIMITS.to_owned() };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![account], "");
    let rows = |names: &[&str]| {
        let rows: Vec<_> = names.iter().map(|name| format!("{name},hailuo-2.3,6\n")).collect();
        let rows = rows.concat();
        fs::write(sandbox.path("set.csv"), format!("prompt,model,duration\n{rows}")).unwrap();
    };
    rows(&["a cat", "a dog"]);
    assert_eq!(sandbox.run(&["run", "set.csv"]).code, Some(3));
    let retried = sandbox.run(&["retry", "set", "--row", "2"]);
    assert_eq!(retried.code, Some(0), "{}", retried.stderr);
    let queued = sandbox.run(&["plan", "set.csv", "--json"]);
    let queued: serde_json::Value = serde_json::from_str(&queued.stdout).unwrap();
    if queued["to_buy"] == 1 {
        rows(&["a cat"]);
        let plan = sandbox.run(&["plan", "set.csv", "--json"]);
        let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
        assert_eq!((&plan["to_buy"], &plan["beside"]), (&1.into(), &1.into()), "{plan}");
    }
}
