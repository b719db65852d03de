//! Nothing is bought, withdrawn or given up without a yes, however the program is called.

use std::fs;

use reelq_sim::{Faults, SimSettings};
use reelq_tests::{Account, Ended, Prompts, Running, Sandbox, SimulatedVendor, Terminal, write_csv};

const LIMITS: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 20\nrequest_timeout = \"2s\"\n\
    breaker = { after = 0 }\npoll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }\n";

/// A batch `set` of two rows.
fn open(name: &'static str, faults: &str, more: &str) -> (SimulatedVendor, Sandbox) {
    let faults: Faults = faults.parse().unwrap();
    let vendor = SimulatedVendor::start(SimSettings { faults, ..SimSettings::default() });
    let account = Account { name, provider: name, lines: LIMITS.to_owned() };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![account], more);
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 2, copies: 1 }, &[(name, name)]);
    (vendor, sandbox)
}

fn bought(vendor: &SimulatedVendor) -> usize {
    vendor.ledger().charges.len()
}

/// Runs exactly this, where no one can be asked.
fn unasked(sandbox: &Sandbox, arguments: &[&str]) -> Ended {
    Running::start(sandbox.typed(arguments)).wait()
}

fn assert_refused(sandbox: &Sandbox, arguments: &[&str], says: &[&str]) {
    let ended = unasked(sandbox, arguments);
    assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.stderr);
    for part in says.iter().chain(&["no terminal", "--yes"]) {
        assert!(ended.stderr.contains(part), "{arguments:?} says `{part}`: {}", ended.stderr);
    }
}

#[test]
fn buying_where_nobody_can_be_asked_takes_a_yes_that_was_said() {
    let schedule = "[[schedules]]\nname = \"nightly\"\ncron = \"0 3 * * *\"\nmanifest = \"set.csv\"\n";
    let (vendor, sandbox) = open("wave", "", schedule);
    let sum = ["buy 2 jobs", "$0.62", "nothing was bought"];
    for arguments in [&["run", "set.csv"][..], &["run", "set.csv", "--quiet"], &["enqueue", "set.csv"]] {
        assert_refused(&sandbox, arguments, &sum);
    }
    assert_refused(&sandbox, &["cron", "trigger", "nightly"], &sum);
    let status = sandbox.run(&["status"]);
    assert!(status.stdout.contains("no batch was run yet"), "{}", status.stdout);
    assert_eq!(unasked(&sandbox, &["enqueue", "set.csv", "--yes"]).code, Some(0));
    let worked = unasked(&sandbox, &["worker", "--drain"]);
    assert_eq!((worked.code, bought(&vendor)), (Some(0), 2), "a worker acts on the yes that loaded: {}", worked.stderr);
    let again = unasked(&sandbox, &["run", "set.csv"]);
    assert_eq!(again.code, Some(0), "there is nothing to buy, so nothing to ask: {}", again.stderr);
    assert_refused(&sandbox, &["purge", "set"], &["purge 1 batch", "nothing was removed"]);
    assert_eq!(unasked(&sandbox, &["cron", "trigger", "nightly", "--yes"]).code, Some(0));
}

#[test]
fn taking_up_settling_and_withdrawing_where_nobody_can_be_asked_takes_a_yes_that_was_said() {
    let (vendor, sandbox) = open("apixo", "dropped_after=1", "");
    assert_eq!(sandbox.run(&["run", "set.csv"]).code, Some(6));
    let kept = ["nothing was changed"];
    for answer in [&["--not-bought"][..], &["--give-up"], &["--row", "1", "--accepted", "t-1", "--force"]] {
        assert_refused(&sandbox, &[&["resolve", "set"], answer].concat(), &kept);
    }
    let listed = unasked(&sandbox, &["resolve", "set"]);
    assert_eq!(
        (listed.code, listed.stdout.matches("apixo").count()),
        (Some(0), 2),
        "a list needs no yes: {}",
        listed.stdout
    );
    assert_eq!(sandbox.run(&["resolve", "set", "--give-up"]).code, Some(0));
    assert_refused(
        &sandbox,
        &["retry", "set", "--kind", "given_up"],
        &["spend at most", "2 jobs", "nothing was changed"],
    );
    assert_eq!(unasked(&sandbox, &["retry", "set", "--look"]).code, Some(0), "a look costs nothing");
    assert_eq!(sandbox.run(&["enqueue", "set.csv", "--batch", "more", "--again"]).code, Some(0));
    assert_refused(&sandbox, &["cancel", "more"], &["cancel 2 jobs", "nothing was changed"]);
    assert_eq!(bought(&vendor), 2);
    let status = sandbox.run(&["status", "more", "--status", "queued", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["jobs"].as_array().map(Vec::len), Some(2), "{status}");
}

fn answered(sandbox: &Sandbox, command: &str, keys: &str) -> (Option<i32>, String) {
    let mut terminal = sandbox.terminal(command);
    terminal.wait_for("[y/N]");
    terminal.types(keys);
    terminal.end()
}

#[test]
fn only_a_yes_that_is_typed_at_the_question_buys() {
    let (vendor, sandbox) = open("wave", "", "");
    for keys in ["n\n", "\n", "\u{4}", "y\u{4}\u{4}", "yep\n"] {
        let (code, shown) = answered(&sandbox, "reelq run set.csv", keys);
        assert_eq!(code, Some(7), "{keys:?}: {shown}");
        assert!(shown.contains("Buy 2 jobs of batch set for $0.62") && shown.contains("nothing was bought"), "{shown}");
    }
    let mut early = sandbox.terminal("reelq run set.csv");
    early.types("y\n");
    early.wait_for("[y/N]");
    early.types("n\n");
    assert_eq!(early.end().0, Some(7), "what was typed before the question is no answer to it");
    assert_eq!(bought(&vendor), 0);
    let (code, shown) = answered(&sandbox, "reelq run set.csv", "y\n");
    assert_eq!((code, bought(&vendor)), (Some(0), 2), "{shown}");
}

#[test]
fn with_streams_redirected_the_terminal_is_asked() {
    let (vendor, sandbox) = open("wave", "", "");
    let run = "reelq run set.csv --batch";
    for (name, command) in [
        ("log", format!("{run} log 2>run.log")),
        ("cat", format!("{{ {run} cat; echo code $?; }} | cat; exit 7")),
        ("both", format!("{run} both >out.txt 2>&1")),
        ("input", format!("{run} input </dev/null")),
        ("each", format!("echo each | xargs {run}; echo code $?; exit 7")),
    ] {
        let (code, shown) = answered(&sandbox, &command, "n\n");
        assert_eq!(code, Some(7), "{name}: {shown}");
        assert!(shown.contains("Buy 2 jobs") && !shown.contains("code 0"), "{name}: {shown}");
    }
    assert_eq!(bought(&vendor), 0);
    let (code, shown) = answered(&sandbox, "reelq run set.csv 2>run.log", "yes\n");
    assert_eq!((code, bought(&vendor)), (Some(0), 2), "{shown}");
    let log = std::fs::read_to_string(sandbox.path("run.log")).unwrap();
    assert!(log.contains("2 of 2 succeeded") && !log.contains("[y/N]"), "{log}");
}

#[test]
fn a_program_that_has_all_streams_and_a_job_in_the_background_are_refused_and_do_not_hang() {
    let (vendor, sandbox) = open("wave", "", "");
    for (command, why) in [
        ("said=$(reelq run set.csv 2>&1 </dev/null); echo \"code $?: $said\"", "no terminal"),
        ("set -m; reelq run set.csv & wait $!; echo \"code $?\"", "background"),
    ] {
        let (_, shown) = sandbox.terminal(command).end();
        assert!(shown.contains("code 2") && shown.contains(why) && shown.contains("--yes"), "{command}: {shown}");
    }
    assert_eq!(bought(&vendor), 0);
}

#[test]
fn an_interrupt_or_a_hang_up_at_the_question_buys_nothing_and_leaves_the_batch_free() {
    let (vendor, sandbox) = open("wave", "", "");
    let (_, shown) = answered(&sandbox, "reelq run set.csv; echo code $?", "\u{3}");
    assert!(!shown.contains("code 0"), "{shown}");
    let hung_up: Terminal = sandbox.terminal("reelq run set.csv");
    hung_up.wait_for("[y/N]");
    drop(hung_up);
    assert_eq!(bought(&vendor), 0);
    let ended = sandbox.run(&["run", "set.csv"]);
    assert_eq!((ended.code, bought(&vendor)), (Some(0), 2), "{}", ended.stderr);
}

#[test]
fn other_questions_are_asked_at_the_terminal_with_all_that_they_are_about() {
    let (vendor, sandbox) = open("apixo", "dropped_after=1", "");
    assert_eq!(sandbox.run(&["run", "set.csv"]).code, Some(6));
    let (code, shown) = answered(&sandbox, "reelq resolve set --not-bought 2>log", "n\n");
    assert_eq!(code, Some(7), "{shown}");
    assert!(shown.contains("it is paid for twice") && shown.contains("Let 2 jobs be submitted again"), "{shown}");
    assert_eq!(answered(&sandbox, "reelq resolve set --give-up", "y\n").0, Some(0));
    let (code, shown) = answered(&sandbox, "reelq retry set --kind given_up", "n\n");
    assert_eq!(code, Some(7), "{shown}");
    assert!(shown.contains("Spend at most") && shown.contains("would be paid for twice"), "{shown}");
    assert_eq!(bought(&vendor), 2);
}

/// The command's question stands open while `meanwhile` happens, and is answered with yes then.
fn answered_late(sandbox: &Sandbox, command: &str, meanwhile: impl FnOnce()) -> String {
    let mut terminal = sandbox.terminal(command);
    terminal.wait_for("[y/N]");
    meanwhile();
    terminal.types("y\n");
    terminal.end().1
}

#[test]
fn a_yes_that_comes_late_is_no_yes_to_the_next_purchase() {
    let (vendor, sandbox) = open("apixo", "dropped_after=1", "");
    assert_eq!(sandbox.run(&["run", "set.csv"]).code, Some(6));
    let again = |arguments: &[&str]| {
        assert_eq!(sandbox.run(arguments).code, Some(0));
        sandbox.run(&["worker", "--drain"]);
    };
    let shown = answered_late(&sandbox, "reelq resolve set --not-bought", || {
        again(&["resolve", "set", "--not-bought"]);
        assert_eq!(bought(&vendor), 4, "each was bought again, and its answer was lost again");
    });
    assert!(shown.contains("0 resolved, 2 had moved on meanwhile"), "{shown}");
    sandbox.run(&["worker", "--drain"]);
    assert_eq!(bought(&vendor), 4, "{shown}");
    assert_eq!(sandbox.run(&["resolve", "set", "--give-up"]).code, Some(0));
    let shown = answered_late(&sandbox, "reelq retry set --kind given_up", || {
        again(&["retry", "set", "--kind", "given_up"]);
        assert_eq!(bought(&vendor), 6);
        assert_eq!(sandbox.run(&["resolve", "set", "--give-up"]).code, Some(0));
    });
    sandbox.run(&["worker", "--drain"]);
    assert_eq!(bought(&vendor), 6, "{shown}");
}

#[test]
fn a_yes_to_a_raised_budget_is_one_to_the_sum_that_it_named() {
    let (vendor, sandbox) = open("wave", "", "");
    assert_eq!(sandbox.run(&["run", "set.csv", "--budget", "0.35"]).code, Some(8));
    let mut terminal = sandbox.terminal("reelq continue set --no-budget");
    terminal.wait_for("with $0.3111 still to be bought");
    terminal.wait_for("[y/N]");
    let rows = fs::read_to_string(sandbox.path("set.csv")).unwrap();
    let last = rows.lines().last().unwrap().to_owned();
    fs::write(sandbox.path("set.csv"), format!("{rows}more of {last}\n")).unwrap();
    assert_eq!(sandbox.run(&["enqueue", "set.csv"]).code, Some(0));
    terminal.types("y\n");
    terminal.wait_for("with $0.6222 still to be bought");
    terminal.types("n\n");
    let (code, shown) = terminal.end();
    assert_eq!((code, bought(&vendor)), (Some(7), 1), "{shown}");
}
