//! A manifest as large as a real evaluation set, over all three providers, with every fault that the vendors show.

use reelq_sim::{Faults, SimSettings};
use reelq_tests::{Account, Audit, Prompts, Sandbox, SimulatedVendor, StoreKind, on_each_store, write_csv};

/// Three at once would take long where one request in ten is throttled.
const LIMITS: &str = "requests_per_second = 400.0\nburst = 50\nmax_in_flight = 300\nrequest_timeout = \"3s\"\n\
    poll = { first = \"100ms\", min = \"50ms\", max = \"500ms\" }\nbreaker = { after = 30 }";
const PROMPTS: Prompts = Prompts { rows: 946, copies: 2 };

fn every_row_is_bought_once_and_accounted_for_under_faults(store: StoreKind) {
    let vendor =
        SimulatedVendor::start(SimSettings { seed: 20_261_121, faults: Faults::rough(), ..SimSettings::default() });
    let sandbox = Sandbox::on(store, &vendor.base_url(), Account::each(LIMITS), "");
    write_csv(&sandbox.path("set.csv"), PROMPTS, &[("wave", "wave"), ("apixo", "apixo"), ("poyo", "poyo")]);

    let ended = sandbox.run(&["run", "set.csv", "--yes"]);

    // Dropped replies of the provider without idempotency keys leave rows that a person must resolve.
    assert_eq!(ended.code, Some(6), "{}", ended.stderr);
    let (ledger, rows) = (vendor.ledger(), sandbox.results("set"));
    let audit = Audit { ledger: &ledger, rows: &rows };
    audit.every_row_once_and_in_order(PROMPTS.rows, PROMPTS.copies);
    audit.nothing_is_bought_twice();
    audit.every_charge_is_accounted_for();
    let unconfirmed: Vec<_> = rows.iter().filter(|row| row.get("status") == "unconfirmed").collect();
    assert!(!unconfirmed.is_empty() && unconfirmed.iter().all(|row| row.get("provider") == "apixo"));
    assert!(audit.statuses().is_subset(&["succeeded", "failed", "unconfirmed"].into()), "{:?}", audit.statuses());
}

on_each_store!(every_row_is_bought_once_and_accounted_for_under_faults);
