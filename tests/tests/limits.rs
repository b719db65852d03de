//! Limits hold: places in flight and requests a second, against what the vendor counted.

use reelq_sim::{SimLimits, SimPace, SimSettings};
use reelq_tests::{Account, Prompts, Sandbox, SimulatedVendor, StoreKind, on_each_store, write_csv};

fn configured_limits_are_never_passed(store: StoreKind) {
    let limits = SimLimits { requests_per_second: Some(21.0), max_in_flight: Some(10), ..SimLimits::default() };
    let vendor =
        SimulatedVendor::start(SimSettings { limits, pace: SimPace::seconds(0.2, 0.6), ..SimSettings::default() });
    let lines =
        "requests_per_second = 20.0\nmax_in_flight = 10\npoll = { first = \"100ms\", min = \"50ms\", max = \"200ms\" }";
    let account = Account { name: "wave", provider: "wave", lines: lines.to_owned() };
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 80, copies: 1 }, &[("wave", "wave")]);

    let ended = sandbox.run(&["run", "set.csv", "--yes"]);

    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let ledger = vendor.ledger();
    assert_eq!(ledger.requests.throttled, 0, "the vendor never had to say 429");
    assert!(ledger.violations.is_empty(), "{:?}", ledger.violations);
    assert_eq!(ledger.charges.len(), 80);
}

on_each_store!(configured_limits_are_never_passed);
