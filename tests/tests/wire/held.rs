//! Some rows first: what is held is bought by no one before a second yes, and nothing is bought twice by that.

use reelq_sim::SimSettings;
use reelq_tests::{Account, Prompts, Running, Sandbox, SimulatedVendor, StoreKind, write_csv};

const LIMITS: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 20\nrequest_timeout = \"2s\"\n\
    breaker = { after = 0 }\npoll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }\n";

/// A batch `set` of five rows.
fn open(store: StoreKind) -> (SimulatedVendor, Sandbox) {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let account = Account { name: "wave", provider: "wave", lines: LIMITS.to_owned() };
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 5, copies: 1 }, &[("wave", "wave")]);
    (vendor, sandbox)
}

fn bought(vendor: &SimulatedVendor) -> usize {
    vendor.ledger().charges.len()
}

fn some_rows_first(store: StoreKind) {
    let (vendor, sandbox) = open(store);
    let some = sandbox.run(&["run", "set.csv", "--limit", "2", "--yes"]);
    assert_eq!((some.code, bought(&vendor)), (Some(5), 2), "{}", some.stderr);
    assert!(some.stderr.contains("3 jobs are held"), "{}", some.stderr);
    assert_eq!(sandbox.results("set").len(), 5, "each row has its line");
    for again in
        [&["run", "set.csv", "--limit", "2", "--yes"][..], &["continue", "set", "--yes"], &["worker", "--drain"]]
    {
        let ended = sandbox.run(again);
        assert_eq!(bought(&vendor), 2, "{again:?}: {}", ended.stderr);
    }
    let more = sandbox.run(&["run", "set.csv", "--rows", "1-3", "--yes"]);
    assert_eq!((more.code, bought(&vendor)), (Some(5), 3), "{}", more.stderr);

    let unasked = Running::start(sandbox.typed(&["continue", "set", "--all"])).wait();
    assert_eq!((unasked.code, bought(&vendor)), (Some(2), 3), "{}", unasked.stderr);
    assert!(unasked.stderr.contains("buy the 2 held jobs of batch set for $0.62"), "{}", unasked.stderr);
    let all = sandbox.run(&["continue", "set", "--all", "--yes"]);
    assert_eq!((all.code, bought(&vendor)), (Some(0), 5), "{}", all.stderr);
    let whole = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!((whole.code, bought(&vendor)), (Some(0), 5), "{}", whole.stderr);
    assert!(whole.stderr.contains("5 unchanged"), "{}", whole.stderr);
}

#[test]
fn rows_that_are_held_are_bought_only_after_a_second_yes() {
    some_rows_first(StoreKind::Sqlite);
}

#[test]
fn rows_that_are_held_are_bought_only_after_a_second_yes_over_redis() {
    some_rows_first(StoreKind::Redis);
}

#[test]
fn the_whole_manifest_again_releases_what_was_held_under_its_own_yes() {
    let (vendor, sandbox) = open(StoreKind::Sqlite);
    assert_eq!(sandbox.run(&["enqueue", "set.csv", "--sample", "2", "--yes"]).code, Some(0));
    let drawn = |status: &str| sandbox.run(&["status", "set", "--status", status, "--json"]).stdout;
    assert_eq!(sandbox.run(&["worker", "--drain"]).code, Some(5));
    assert_eq!(bought(&vendor), 2);
    let first = drawn("succeeded");
    assert_eq!(sandbox.run(&["run", "set.csv", "--sample", "2", "--yes"]).code, Some(5));
    assert_eq!((bought(&vendor), drawn("succeeded").matches("\"row\"").count()), (2, first.matches("\"row\"").count()));
    let unasked = Running::start(sandbox.typed(&["run", "set.csv"])).wait();
    assert!(unasked.code == Some(2) && unasked.stderr.contains("buy 3 jobs"), "{}", unasked.stderr);
    let whole = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!((whole.code, bought(&vendor)), (Some(0), 5), "{}", whole.stderr);
}

#[test]
fn a_canary_shows_its_rows_and_asks_before_the_others_are_bought() {
    let (vendor, sandbox) = open(StoreKind::Sqlite);
    let unasked = Running::start(sandbox.typed(&["run", "set.csv", "--canary", "2", "--yes"])).wait();
    assert_eq!((unasked.code, bought(&vendor)), (Some(5), 2), "{}", unasked.stderr);
    assert!(unasked.stderr.contains("reelq continue set --all"), "{}", unasked.stderr);

    let mut declined = sandbox.terminal("reelq run set.csv --canary 2 --yes");
    declined.wait_for("Buy the 3 held jobs of batch set");
    declined.types("n\n");
    let (code, shown) = declined.end();
    assert_eq!((code, bought(&vendor)), (Some(7), 2), "{shown}");

    let mut agreed = sandbox.terminal("reelq run set.csv --canary 2 --yes");
    agreed.wait_for("Buy the 3 held jobs of batch set");
    agreed.types("y\n");
    let (code, shown) = agreed.end();
    assert_eq!((code, bought(&vendor)), (Some(0), 5), "{shown}");
    assert!(shown.contains("row 1") && shown.contains("5 of 5 succeeded"), "{shown}");
}

#[test]
fn a_row_that_no_one_has_is_named_and_nothing_is_bought() {
    let (vendor, sandbox) = open(StoreKind::Sqlite);
    let ended = sandbox.run(&["run", "set.csv", "--only", "nowhere", "--yes"]);
    assert!(ended.code == Some(2) && ended.stderr.contains("no row is called `nowhere`"), "{}", ended.stderr);
    assert_eq!(bought(&vendor), 0);
}
