//! As many rows as a real evaluation set, three vendors and a network that do everything that was ever seen, kills in the
//! midst of it, and an outage.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use reelq_model::{Clock as _, SystemClock, Timestamp};
use reelq_sim::{Faults, SimSettings};
use reelq_tests::{
    Account, Audit, Prompts, Sandbox, SimulatedVendor, StoreKind, let_pass, on_each_store, wait_at_most, wait_for,
    write_csv,
};

const SEED: u64 = 1_127;
const KILLS: usize = 8;
const PROMPTS: Prompts = Prompts { rows: 946, copies: 1 };
const LIMITS: &str = "requests_per_second = 60.0\nburst = 10\nmax_in_flight = 100\nrequest_timeout = \"2s\"\n\
    poll = { first = \"100ms\", min = \"50ms\", max = \"500ms\" }\nbreaker = { wait = \"500ms\", longest = \"2s\" }";
const OUTAGE: Duration = Duration::from_secs(5);
/// Long enough for every late file and every growing wait of the test; a run that needs longer hangs.
const PATIENCE: Duration = Duration::from_mins(5);

fn every_paid_clip_is_kept_whatever_vendors_and_networks_do(store: StoreKind) {
    let vendor =
        SimulatedVendor::start(SimSettings { seed: SEED, faults: Faults::strange(), ..SimSettings::default() });
    let sandbox = Sandbox::on(store, &vendor.base_url(), Account::each(LIMITS), "");
    write_csv(&sandbox.path("set.csv"), PROMPTS, &[("wave", "wave"), ("apixo", "apixo"), ("poyo", "poyo")]);

    let kills = kill_some_runs(&vendor, &sandbox);
    let (began, outage) = an_outage_in_the_midst(&vendor, &sandbox);
    let seen = format!("seed {SEED}, killed after {kills:?} purchases");
    let ended = run_to_the_end(&sandbox);
    assert!(matches!(ended.code, Some(3 | 6)), "{seen}: {:?}\n{}", ended.code, ended.stderr);
    nothing_hostile_is_kept(&sandbox, &ended);

    let (ledger, rows) = (vendor.ledger(), sandbox.results("set"));
    let audit = Audit { ledger: &ledger, rows: &rows };
    audit.every_row_once_and_in_order(PROMPTS.rows, PROMPTS.copies);
    audit.nothing_is_bought_twice();
    audit.every_charge_is_accounted_for();
    audit.every_clip_is_on_disk(&sandbox.path("out/set"));
    assert!(
        audit.statuses().is_subset(&["succeeded", "failed", "unconfirmed"].into()),
        "{seen}: {:?}",
        audit.statuses()
    );
    let unconfirmed = rows.iter().filter(|row| row.get("status") == "unconfirmed");
    assert!(unconfirmed.map(|row| row.get("provider")).all(|provider| provider == "apixo"), "{seen}");
    let during = sent_at(&sandbox).into_iter().filter(|at| began <= *at && *at <= outage).count();
    assert!(during <= 3, "{seen}: {during} rows are unconfirmed from the outage");
}

/// Kills runs while they work: the first ones while they load, each further one once it has bought some more. How many
/// were bought by each kill.
fn kill_some_runs(vendor: &SimulatedVendor, sandbox: &Sandbox) -> Vec<usize> {
    let mut rng = StdRng::seed_from_u64(SEED);
    let bought = || vendor.ledger().charges.len();
    let mut seen = Vec::new();
    for number in 0..KILLS {
        let before = bought();
        let mut run = sandbox.start(&["run", "set.csv", "--yes"]);
        if number < 2 {
            let_pass(Duration::from_millis(rng.random_range(50..300)));
        } else {
            let enough = before + rng.random_range(1..60);
            wait_at_most(PATIENCE, || bought() >= enough || run.has_ended());
            assert!(bought() >= enough, "{seen:?}, and then only {} of {enough} were bought", bought());
        }
        assert!(!run.has_ended(), "{seen:?}: the last run was over before its kill");
        run.kill();
        seen.push(bought());
    }
    assert!(seen.last().is_some_and(|all| (1..PROMPTS.rows).contains(all)), "{seen:?} were bought amid the kills");
    seen
}

/// Nothing that a vendor says steers a screen, and no key that it repeats is kept.
fn nothing_hostile_is_kept(sandbox: &Sandbox, ended: &reelq_tests::Ended) {
    let results = std::fs::read_to_string(sandbox.path("out/set/results.csv")).unwrap();
    for (what, text) in [("results.csv", &results), ("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
        let steers = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || c == '\u{202e}';
        let found = text.lines().find(|line| line.contains(steers));
        assert_eq!(found, None, "{what} steers a terminal");
    }
    let state = std::fs::read(sandbox.path(".reelq/state.db")).unwrap_or_default();
    for account in Account::each("") {
        let (key, kept) = (account.key(), [results.as_bytes(), ended.stderr.as_bytes(), &state]);
        let holds = |bytes: &&[u8]| bytes.windows(key.len()).any(|part| part == key.as_bytes());
        assert!(!kept.iter().any(holds), "the key of {} is kept", account.name);
    }
    assert!(results.contains("[redacted]"), "a key was repeated in a message that is kept");
}

/// Lets every vendor be out of order while a run works; when that began and ended.
fn an_outage_in_the_midst(vendor: &SimulatedVendor, sandbox: &Sandbox) -> (Timestamp, Timestamp) {
    let clock = SystemClock::new();
    let before = vendor.ledger().charges.len();
    let run = sandbox.start(&["run", "set.csv", "--yes"]);
    wait_for("the run buys", || vendor.ledger().charges.len(), |bought| *bought > before);
    let began = clock.now();
    vendor.set_outage(Some(Duration::from_secs(1)));
    let_pass(OUTAGE);
    vendor.set_outage(None);
    let ended = clock.now();
    run.kill();
    (began, ended)
}

/// The same command until nothing is outstanding.
#[expect(clippy::disallowed_methods, reason = "bounds the test, beside the binary's own clock")]
fn run_to_the_end(sandbox: &Sandbox) -> reelq_tests::Ended {
    let began = Instant::now();
    loop {
        let ended = sandbox.run(&["run", "set.csv", "--yes"]);
        assert!(began.elapsed() < PATIENCE, "{:?}\n{}", ended.code, ended.stderr);
        if ended.code != Some(5) {
            return ended;
        }
    }
}

/// When the submissions of unknown fate were sent.
fn sent_at(sandbox: &Sandbox) -> Vec<Timestamp> {
    let listed = sandbox.run(&["resolve", "set", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    let jobs = listed["unconfirmed"].as_array().unwrap();
    jobs.iter().map(|job| Timestamp::from_millis(job["sent_at"].as_i64().unwrap())).collect()
}

on_each_store!(every_paid_clip_is_kept_whatever_vendors_and_networks_do);
