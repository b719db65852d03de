//! `kill -9` at random moments, each time followed by the same command.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use reelq_sim::{Faults, SimSettings};
use reelq_tests::{Account, Audit, Prompts, Sandbox, SimulatedVendor, StoreKind, let_pass, on_each_store, write_csv};

const SEED: u64 = 50;
const KILLS: usize = 50;
/// No run lives longer, in milliseconds.
const LIFE: u64 = 1_200;
const PROMPTS: Prompts = Prompts { rows: 946, copies: 2 };
const LIMITS: &str = "requests_per_second = 30.0\nburst = 5\nmax_in_flight = 100\nrequest_timeout = \"2s\"\n\
    poll = { first = \"100ms\", min = \"50ms\", max = \"500ms\" }";

fn killed_at_any_moment_the_same_command_converges(store: StoreKind) {
    let vendor = SimulatedVendor::start(SimSettings { seed: SEED, faults: Faults::rough(), ..SimSettings::default() });
    let sandbox = Sandbox::on(store, &vendor.base_url(), Account::each(LIMITS), "");
    write_csv(&sandbox.path("set.csv"), PROMPTS, &[("wave", "wave"), ("apixo", "apixo"), ("poyo", "poyo")]);
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut moments = Vec::new();
    let mut in_the_midst = 0;
    let mut longest = LIFE;

    for _ in 0..KILLS {
        let moment = Duration::from_millis(rng.random_range(20..longest));
        moments.push(moment.as_millis());
        let mut run = sandbox.start(&["run", "set.csv", "--yes"]);
        let_pass(moment);
        in_the_midst += usize::from(!run.has_ended());
        run.kill();
        // On a machine that is slow to start a process, lives are longer until one has bought.
        if vendor.ledger().charges.is_empty() {
            longest = (longest * 5 / 4).min(LIFE * 20);
        }
    }
    let bought = vendor.ledger().charges.len();
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);

    let seen = format!("seed {SEED}, killed after {moments:?} ms");
    assert_eq!(ended.code, Some(6), "{seen}\n{}", ended.stderr);
    let (ledger, rows) = (vendor.ledger(), sandbox.results("set"));
    assert_eq!(in_the_midst, KILLS, "{seen}: each kill must hit a run that works");
    assert!((1..PROMPTS.rows * 2).contains(&bought), "{seen}: {bought} bought before the last run");
    let audit = Audit { ledger: &ledger, rows: &rows };
    audit.every_row_once_and_in_order(PROMPTS.rows, PROMPTS.copies);
    audit.nothing_is_bought_twice();
    audit.every_charge_is_accounted_for();
    let unconfirmed = rows.iter().filter(|row| row.get("status") == "unconfirmed");
    assert!(unconfirmed.map(|row| row.get("provider")).all(|provider| provider == "apixo"), "{seen}");
}

on_each_store!(killed_at_any_moment_the_same_command_converges);
