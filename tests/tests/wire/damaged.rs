//! One damaged record: named by `doctor`, and removed by a person, with what it held kept in a file.

use std::fs;

use reelq_sim::SimSettings;
use reelq_tests::{Account, Prompts, Sandbox, SimulatedVendor, StoreKind, damage_record, on_each_store, write_csv};

const LINES: &str = "requests_per_second = 100.0\nburst = 4\nmax_in_flight = 6\nrequest_timeout = \"2s\"\n\
    poll = { first = \"100ms\", min = \"50ms\", max = \"300ms\" }";

fn damage(sandbox: &mut Sandbox, job: &str) {
    if let Some(redis) = sandbox.redis() {
        let script = "local id = string.gsub(ARGV[1], '%x%x', function(two) return string.char(tonumber(two, 16)) end) \
            for _, key in ipairs(redis.call('KEYS', '*:k:*')) do \
              if string.sub(key, -16) == id then redis.call('SETRANGE', key, 0, string.char(0xc1)) end \
            end";
        redis.command(&["EVAL", script, "0", job]);
    } else {
        damage_record(&sandbox.path(".reelq/state.db"), job);
    }
}

fn a_damaged_record_is_named_and_removed_and_the_others_are_bought(store: StoreKind) {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let account = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
    let mut sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 3, copies: 1 }, &[("wave", "wave")]);
    assert_eq!(sandbox.run(&["enqueue", "set.csv", "--yes"]).code, Some(0));
    let status = sandbox.run(&["status", "set", "--row", "2", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let job = report["jobs"][0]["job"]["id"].as_str().unwrap().to_owned();
    damage(&mut sandbox, &job);
    let drained = sandbox.run(&["worker", "--drain"]);
    assert_eq!(vendor.ledger().charges.len(), 2, "{}", drained.stderr);
    let named = sandbox.run(&["doctor", "--offline"]);
    assert!(named.stdout.contains(&format!("reelq doctor --remove {job}")), "{}{}", named.stdout, named.stderr);
    let refused = sandbox.run(&["doctor", "--remove", &job]);
    assert_eq!(refused.code, Some(2), "without a yes nothing is removed: {}", refused.stderr);
    let removed = sandbox.run(&["doctor", "--remove", &job, "--yes", "--json"]);
    assert_eq!(removed.code, Some(0), "{}", removed.stderr);
    let report: serde_json::Value = serde_json::from_str(&removed.stdout).unwrap();
    let kept = sandbox.path(report["kept_in"].as_str().unwrap());
    assert!(!fs::read(kept).unwrap().is_empty());
    let again = sandbox.run(&["doctor", "--remove", &job, "--yes"]);
    assert_eq!(again.code, Some(2), "{}", again.stderr);
    let named = sandbox.run(&["doctor", "--offline"]);
    assert!(!named.stdout.contains(&job), "what is gone is not named: {}", named.stdout);
    let refused = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!((refused.code, vendor.ledger().charges.len()), (Some(2), 2), "{}", refused.stderr);
    assert!(refused.stderr.contains("1 of 3 rows may have been bought in batch `set`"), "{}", refused.stderr);
    let run = sandbox.run(&["run", "set.csv", "--yes", "--again"]);
    assert_eq!((run.code, vendor.ledger().charges.len()), (Some(0), 3), "{}", run.stderr);
    assert_eq!(sandbox.results("set").len(), 3);
}

on_each_store!(a_damaged_record_is_named_and_removed_and_the_others_are_bought);

#[test]
fn a_row_whose_record_is_lost_is_named_and_asked_about() {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let account = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
    let mut sandbox = Sandbox::on(StoreKind::Redis, &vendor.base_url(), vec![account], "");
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 3, copies: 1 }, &[("wave", "wave")]);
    assert_eq!(sandbox.run(&["enqueue", "set.csv", "--yes"]).code, Some(0));
    let lose = "local keys = redis.call('KEYS', '*:k:*'); table.sort(keys); return redis.call('DEL', keys[1])";
    sandbox.redis().unwrap().command(&["EVAL", lose, "0"]);
    let named = sandbox.run(&["doctor", "--offline"]);
    assert!(named.stdout.contains("of batch set has no record: it was removed, or lost"), "{}", named.stdout);
    let refused = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!((refused.code, vendor.ledger().charges.len()), (Some(2), 0), "{}", refused.stderr);
    assert!(refused.stderr.contains("1 of 3 rows may have been bought"), "{}", refused.stderr);
    let run = sandbox.run(&["run", "set.csv", "--yes", "--again"]);
    assert_eq!(vendor.ledger().charges.len(), 3, "{}", run.stderr);
    assert!(sandbox.results("set").iter().all(|row| row.get("status") == "succeeded"), "{}", run.stderr);
    let named = sandbox.run(&["doctor", "--offline"]);
    assert!(!named.stdout.contains("has no record"), "{}", named.stdout);
}
