//! The crontab line of the documentation: its mail is empty when all went well, and else says what to do.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

use reelq_sim::{Faults, SimSettings};
use reelq_tests::{Account, Ended, Sandbox, SimulatedVendor, StoreKind, on_each_store};

const OPERATIONS: &str = include_str!("../../docs/operations.md");
const FOLDER: &str = "/srv/videos";
const LIMITS: &str = "requests_per_second = 50.0\nburst = 5\nmax_in_flight = 20\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

/// The command of the documentation's line, after its five fields, as cron hands it to a shell.
fn line() -> &'static str {
    let block = OPERATIONS.split("```cron\n").nth(1).unwrap().split("```").next().unwrap();
    let command = block.lines().next().unwrap().splitn(6, ' ').nth(5).unwrap().trim();
    assert!(command.contains(FOLDER) && command.contains("reelq run"), "{command}");
    command
}

fn world(store: StoreKind, faults: &str) -> (SimulatedVendor, Sandbox) {
    let faults: Faults = faults.parse().unwrap();
    let vendor = SimulatedVendor::start(SimSettings { seed: 3, faults, ..SimSettings::default() });
    let account = Account { name: "poyo", provider: "poyo", lines: LIMITS.to_owned() };
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
    let jobs: Vec<_> = (0..12).map(|row| format!("[[jobs]]\nprompt = \"prompt {row}\"\n")).collect();
    let head = "[defaults]\naccount = \"poyo\"\nmodel = \"hailuo-2.3\"\nduration = 6\n";
    std::fs::write(sandbox.path("nightly.toml"), format!("{head}{}", jobs.concat())).unwrap();
    (vendor, sandbox)
}

/// What cron would mail is what the line prints.
fn mailed(sandbox: &Sandbox) -> Ended {
    sandbox.shell(&line().replace(FOLDER, sandbox.path("").to_str().unwrap()))
}

fn the_mail_is_empty_when_all_went_well(store: StoreKind) {
    let (vendor, sandbox) = world(store, "");
    for _ in 0..2 {
        let mail = mailed(&sandbox);
        assert_eq!((mail.code, &*mail.stdout, &*mail.stderr), (Some(0), "", ""));
    }
    assert_eq!((vendor.ledger().charges.len(), sandbox.results("nightly").len()), (12, 12));
}

fn the_mail_says_what_failed_and_what_to_do(store: StoreKind) {
    let (_vendor, sandbox) = world(store, "moderation=0.5");
    let mail = mailed(&sandbox);
    assert_eq!((mail.code, &*mail.stdout), (Some(3), ""));
    assert!(mail.stderr.starts_with("Batch nightly: "), "nothing but the closing summary: {}", mail.stderr);
    assert!(mail.stderr.contains("refused by moderation"), "{}", mail.stderr);
    assert!(mail.stderr.contains("reelq results nightly --failed --kind content --as manifest"), "{}", mail.stderr);
}

fn the_mail_shows_the_place_of_a_mistake(store: StoreKind) {
    let (vendor, sandbox) = world(store, "");
    let wrong = "[[jobs]]\nprompt = \"A cat\"\naccount = \"poyo\"\nmodel = \"hailuo-9\"\n";
    std::fs::write(sandbox.path("nightly.toml"), wrong).unwrap();
    let mail = mailed(&sandbox);
    assert_eq!((mail.code, &*mail.stdout), (Some(2), ""));
    assert!(mail.stderr.contains("nightly.toml:4") && mail.stderr.contains("did you mean"), "{}", mail.stderr);
    assert!(vendor.ledger().charges.is_empty());
}

/// Without `--quiet`: the plan and the closing summary, and nothing that only a terminal needs.
fn without_a_terminal_a_run_prints_its_plan_and_its_end(store: StoreKind) {
    let (_vendor, sandbox) = world(store, "");
    let ended = sandbox.run(&["run", "nightly.toml"]);
    assert_eq!((ended.code, &*ended.stdout), (Some(0), ""), "{}", ended.stderr);
    let (plan, rest) = ended.stderr.split_once("\nDisk: ").unwrap();
    assert!(plan.starts_with("Batch nightly\n"), "{plan}");
    let rest: Vec<_> = rest.lines().skip(1).filter(|line| !line.is_empty()).collect();
    assert_eq!(rest.len(), 4, "{rest:?}");
    let (first, rest) = rest.split_first().unwrap();
    assert!(first.starts_with("A new state begins at "), "{first}");
    assert!(rest[0].starts_with("Batch nightly: 12 of 12 succeeded in "), "{rest:?}");
    assert_eq!(rest[1].trim(), "12 succeeded");
    assert!(rest[2].trim().starts_with("outputs and results: "), "{rest:?}");
}

on_each_store!(
    the_mail_is_empty_when_all_went_well,
    the_mail_says_what_failed_and_what_to_do,
    the_mail_shows_the_place_of_a_mistake,
    without_a_terminal_a_run_prints_its_plan_and_its_end,
);
