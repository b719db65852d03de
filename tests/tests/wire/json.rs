//! What programs read: every JSON document has a version, and every amount is dollars under a name that says so.

use std::{collections::BTreeSet, fs};

use reelq_sim::SimSettings;
use reelq_tests::{Account, Prompts, Sandbox, SimulatedVendor, write_csv};
use serde_json::Value;

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\nbudget_usd = \"$100.50\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";
const SCHEDULE: &str = "[[schedules]]\nname = \"nightly\"\ncron = \"@daily\"\nmanifest = \"set.csv\"\nbudget_usd = 5\n";

fn sandbox(vendor: &SimulatedVendor) -> Sandbox {
    let accounts = vec![Account { name: "wave", provider: "wave", lines: LINES.to_owned() }];
    let sandbox = Sandbox::new(&vendor.base_url(), accounts, SCHEDULE);
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 2, copies: 1 }, &[("wave", "wave")]);
    sandbox
}

fn documents(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Value> {
    let ended = sandbox.run(&[arguments, &["--json"]].concat());
    let documents: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(&ended.stdout).into_iter().collect();
    assert!(documents.is_ok(), "{arguments:?}: {documents:?}: {}{}", ended.stdout, ended.stderr);
    let documents = documents.unwrap();
    assert!(!documents.is_empty(), "{arguments:?}: {}", ended.stderr);
    documents
}

fn document(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let mut documents = documents(sandbox, arguments);
    assert_eq!(documents.len(), 1, "{arguments:?}");
    documents.remove(0)
}

/// Names that amounts had before they said their unit.
const BARE: [&str; 10] =
    ["spent", "reserved", "to_spend", "spent_today", "price", "amount", "cap", "left", "cost", "limit"];

fn check_amounts(value: &Value, place: &str, seen: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| check_amounts(item, place, seen)),
        Value::Object(members) => {
            for (name, member) in members {
                let place = format!("{place}.{name}");
                assert!(!BARE.contains(&name.as_str()), "{place} does not say its unit");
                let is_amount = name.ends_with("_usd") || name == "usd";
                if is_amount {
                    assert!(member.is_number() || member.is_null(), "{place} is {member}");
                    assert!(member.as_f64().is_none_or(|dollars| dollars < 1_000.0), "{place} is {member}");
                    seen.insert(name.clone());
                }
                check_amounts(member, &place, seen);
            }
        }
        _ => {}
    }
}

#[test]
fn every_document_of_every_command_has_a_version_and_amounts_in_dollars() {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let sandbox = sandbox(&vendor);
    fs::write(sandbox.path("bad.csv"), "prompt,model\na cat,nothing\n").unwrap();
    let mut seen = BTreeSet::new();
    for arguments in [
        &["plan", "set.csv"][..],
        &["plan", "bad.csv"],
        &["enqueue", "set.csv", "--yes"],
        &["status"],
        &["status", "set", "--status", "queued"],
        &["pause", "set"],
        &["resume", "set"],
        &["worker", "--drain"],
        &["run", "set.csv", "--yes"],
        &["status", "set", "--status", "succeeded"],
        &["results", "set"],
        &["retry", "set", "--yes"],
        &["resolve", "set"],
        &["cron", "list"],
        &["cron", "check"],
        &["cron", "trigger", "nightly"],
        &["models"],
        &["models", "--builtin", "--provider", "wave"],
        &["config", "show"],
        &["doctor", "--offline"],
        &["purge", "--older-than", "30d", "--yes"],
        &["purge", "set", "--yes"],
    ] {
        for document in documents(&sandbox, arguments) {
            assert_eq!(document["version"], 2, "{arguments:?}: {document}");
            check_amounts(&document, &arguments.join(" "), &mut seen);
        }
    }
    for name in
        ["cost_usd", "spent_usd", "reserved_usd", "to_spend_usd", "spent_today_usd", "price_usd", "amount_usd", "usd"]
    {
        assert!(seen.contains(name), "{name} is in none of {seen:?}");
    }
}

#[test]
fn amounts_have_their_exact_digits_wherever_they_stand() {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let sandbox = sandbox(&vendor);
    let plan = document(&sandbox, &["plan", "set.csv"]);
    assert_eq!((&plan["cost_usd"], &plan["costs"][0]["cost_usd"]), (&0.6222.into(), &0.6222.into()), "{plan}");
    assert_eq!(plan["account_budgets"][0]["budget"]["cap_usd"], 100.5, "{plan}");
    assert_eq!(document(&sandbox, &["run", "set.csv", "--yes"])["batch"]["spent_usd"], 0.6222);
    let status = sandbox.run(&["status", "set", "--status", "succeeded", "--json"]).stdout;
    assert!(status.contains("\"spent_usd\": 0.6222,"), "{status}");
    assert!(status.contains("\"budget_usd\": 100.50,"), "{status}");
    assert!(status.contains("\"price_usd\": 0.3111,"), "{status}");
    assert!(status.contains("\"amount_usd\": 0.3111,"), "{status}");
    let results = documents(&sandbox, &["results", "set"]);
    assert!(results.iter().all(|line| line["cost_usd"] == 0.3111 && line["version"] == 2), "{results:?}");
    let written = fs::read_to_string(sandbox.path("out/set/results.jsonl")).unwrap();
    assert!(written.lines().all(|line| line.contains("\"version\":2")), "{written}");
}

#[test]
fn lists_stand_under_a_name_and_empty_ones_too() {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let sandbox = sandbox(&vendor);
    assert_eq!(sandbox.run(&["run", "set.csv", "--yes"]).code, Some(0));
    for (arguments, name, count) in [
        (&["resolve", "set"][..], "unconfirmed", Some(0)),
        (&["cron", "list"], "schedules", Some(1)),
        (&["cron", "check"], "schedules", Some(1)),
        (&["config", "show"], "settings", None),
        (&["doctor", "--offline"], "checks", None),
    ] {
        let document = document(&sandbox, arguments);
        let list = document[name].as_array().unwrap_or_else(|| panic!("{arguments:?}: {document}"));
        assert!(count.map_or(!list.is_empty(), |count| list.len() == count), "{arguments:?}: {document}");
    }
    assert!(document(&sandbox, &["models"])["providers"]["wave"]["models"].is_object());
}

#[test]
fn a_cost_of_which_nothing_is_known_is_null_and_counted() {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let lines = LINES.replace("budget_usd = \"$100.50\"\n", "");
    let accounts = vec![Account { name: "poyo", provider: "poyo", lines }];
    let sandbox = Sandbox::new(&vendor.base_url(), accounts, "");
    fs::write(sandbox.path("prices-poyo.toml"), "").unwrap();
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 2, copies: 1 }, &[("poyo", "poyo")]);
    let plan = document(&sandbox, &["plan", "set.csv"]);
    assert_eq!((&plan["cost_usd"], &plan["unpriced"]), (&Value::Null, &2.into()), "{plan}");
    assert_eq!(plan["costs"][0]["cost_usd"], Value::Null, "{plan}");
    let enqueued = document(&sandbox, &["enqueue", "set.csv", "--yes"]);
    assert_eq!((&enqueued["cost_usd"], &enqueued["unpriced"]), (&Value::Null, &2.into()), "{enqueued}");
    let queued = document(&sandbox, &["status", "set", "--status", "queued"]);
    assert!(queued["jobs"][0]["job"].as_object().unwrap().contains_key("price_usd"), "{queued}");
}
