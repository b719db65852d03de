//! The whole program over a real Redis that loses its last second while it buys: the journal makes it whole.

#![expect(clippy::expect_used, reason = "helpers of tests: a broken assumption is a failed test")]

use std::path::Path;

use reelq_redis_server::RedisServer;
use reelq_sim::SimSettings;
use reelq_tests::{Account, Audit, Prompts, Sandbox, SimulatedVendor, wait_for, write_csv};

const PROMPTS: Prompts = Prompts { rows: 120, copies: 1 };
const LIMITS: &str = "requests_per_second = 15.0\nburst = 3\nmax_in_flight = 100\nrequest_timeout = \"2s\"\n\
    poll = { first = \"100ms\", min = \"50ms\", max = \"500ms\" }";
/// Purchases whose acknowledged writes each crash takes.
const LOSSES: [usize; 3] = [2, 5, 10];

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("the log can be listed") {
        let entry = entry.expect("the log can be listed");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("the log can be copied");
    }
}

/// Kills the server and brings it back with what its log held before what happened meanwhile.
fn lose(server: &mut RedisServer, spare: &Path, meanwhile: impl FnOnce()) {
    let log = server.folder().join("appendonlydir");
    copy(&log, spare);
    meanwhile();
    server.kill();
    std::fs::remove_dir_all(&log).expect("the log can be removed");
    std::fs::rename(spare, &log).expect("both lie in one folder");
    server.restart();
}

#[test]
fn a_redis_that_loses_its_last_second_buys_nothing_twice() {
    let mut server = RedisServer::with().append_only("everysec").start();
    let vendor = SimulatedVendor::start(SimSettings { seed: 7, ..SimSettings::default() });
    let sandbox = Sandbox::new(&vendor.base_url(), Account::each(LIMITS), "");
    write_csv(&sandbox.path("set.csv"), PROMPTS, &[("wave", "wave"), ("apixo", "apixo"), ("poyo", "poyo")]);
    let url = server.url();
    let spare = server.folder().join("spare");
    let arguments = ["run", "set.csv", "--yes", "--store", url.as_str()];

    let purchases = || vendor.ledger().charges.len();
    let first = sandbox.start(&arguments);
    let mut bought = Vec::new();
    for lost in LOSSES {
        let before = purchases();
        // Each crash takes purchases with it: a few are made before the log is copied, and more after.
        let kept = wait_for("a few are bought", purchases, |made| *made > before + 5);
        lose(&mut server, &spare, || {
            wait_for("more are bought", purchases, |made| *made >= kept + lost);
        });
        bought.push(purchases() - kept);
    }
    let first = first.wait();
    let ended = sandbox.run(&arguments);

    assert!(bought.iter().all(|made| *made > 0), "purchases made in what was lost: {bought:?}\n{}", first.stderr);
    assert!(matches!(ended.code, Some(0 | 6)), "{:?}\n{}\n{}", ended.code, first.stderr, ended.stderr);
    let (ledger, rows) = (vendor.ledger(), sandbox.results("set"));
    let audit = Audit { ledger: &ledger, rows: &rows };
    audit.every_row_once_and_in_order(PROMPTS.rows, PROMPTS.copies);
    audit.nothing_is_bought_twice();
    audit.every_charge_is_accounted_for();
    let unconfirmed = rows.iter().filter(|row| row.get("status") == "unconfirmed");
    assert!(unconfirmed.map(|row| row.get("provider")).all(|provider| provider == "apixo"));
}
