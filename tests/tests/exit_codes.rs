//! Exit codes are what scripts and cron lines read.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

use reelq_model::Money;
use reelq_sim::{Faults, SimLimits, SimSettings};
use reelq_tests::{Account, Prompts, Sandbox, SimulatedVendor, StoreKind, on_each_store, write_csv};

const LIMITS: &str = "requests_per_second = 200.0\nburst = 20\nmax_in_flight = 50\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

fn account(name: &'static str) -> Vec<Account> {
    vec![Account { name, provider: name, lines: LIMITS.to_owned() }]
}

fn one_account(store: StoreKind, name: &'static str, settings: SimSettings) -> (SimulatedVendor, Sandbox) {
    let vendor = SimulatedVendor::start(settings);
    let sandbox = Sandbox::on(store, &vendor.base_url(), account(name), "");
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 20, copies: 1 }, &[(name, name)]);
    (vendor, sandbox)
}

/// One account that may spend no more than this.
fn capped(store: StoreKind, budget: &str) -> (SimulatedVendor, Sandbox) {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let account = Account { name: "wave", provider: "wave", lines: format!("{LIMITS}\n{budget}") };
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 20, copies: 1 }, &[("wave", "wave")]);
    (vendor, sandbox)
}

fn spent(vendor: &SimulatedVendor) -> Money {
    vendor.ledger().charges.iter().map(|charge| charge.amount).sum()
}

fn with_faults(text: &str) -> SimSettings {
    let faults: Faults = text.parse().unwrap();
    SimSettings { seed: 3, faults, ..SimSettings::default() }
}

fn all_rows_succeeded_is_zero_and_so_is_running_it_again(store: StoreKind) {
    let (vendor, sandbox) = one_account(store, "wave", SimSettings::default());
    assert_eq!(sandbox.run(&["run", "set.csv", "--yes"]).code, Some(0));
    let bought = vendor.ledger().charges.len();
    assert_eq!(sandbox.run(&["run", "set.csv", "--yes"]).code, Some(0));
    assert_eq!((bought, vendor.ledger().charges.len()), (20, 20), "unchanged rows are not bought again");
}

fn a_wrong_manifest_is_two_and_enqueues_nothing(store: StoreKind) {
    let (vendor, sandbox) = one_account(store, "wave", SimSettings::default());
    std::fs::write(sandbox.path("bad.csv"), "prompt,model\na cat,minimax-hailuo-2.3\na dog,no-such-model\n").unwrap();
    let ended = sandbox.run(&["run", "bad.csv", "--yes"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("no-such-model") && ended.stderr.contains("bad.csv"), "{}", ended.stderr);
    assert!(vendor.ledger().charges.is_empty(), "nothing was bought");
}

fn failed_rows_are_three(store: StoreKind) {
    let (_vendor, sandbox) = one_account(store, "poyo", with_faults("moderation=0.5"));
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(sandbox.results("set").iter().any(|row| row.get("error_kind") == "content"));
}

fn a_blocked_account_is_four_and_the_rows_wait(store: StoreKind) {
    let limits = SimLimits { balance: Some(Money::from_micros(1_000_000)), ..SimLimits::default() };
    let (vendor, sandbox) = one_account(store, "wave", SimSettings { limits, ..SimSettings::default() });
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    let rows = sandbox.results("set");
    let of = |status| rows.iter().filter(|row| row.get("status") == status).count();
    assert_eq!(of("succeeded"), vendor.ledger().charges.len(), "what was bought before is fetched");
    assert_eq!(of("succeeded") + of("queued"), 20, "no row fails because the account is out of credit");
}

fn unconfirmed_rows_are_six_and_can_be_resolved(store: StoreKind) {
    let vendor = SimulatedVendor::start(with_faults("dropped_after=1"));
    // Otherwise the breaker would stop the buying after the third.
    let lines = format!("{LIMITS}\nbreaker = {{ after = 0 }}");
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![Account { name: "apixo", provider: "apixo", lines }], "");
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 20, copies: 1 }, &[("apixo", "apixo")]);
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(6), "{}", ended.stderr);
    assert_eq!(vendor.ledger().charges.len(), 20, "each was sent once");

    let listed = sandbox.run(&["resolve", "set", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    assert!(listed.to_string().contains("vb0001"), "{listed}");
    let given_up = sandbox.run(&["resolve", "set", "--give-up", "--yes"]);
    assert_eq!(given_up.code, Some(0), "{}", given_up.stderr);
    assert_eq!(sandbox.run(&["run", "set.csv", "--yes"]).code, Some(3));
    assert_eq!(vendor.ledger().charges.len(), 20, "giving up buys nothing");
}

fn a_reached_budget_is_eight_and_is_never_passed(store: StoreKind) {
    let (vendor, sandbox) = one_account(store, "wave", SimSettings::default());
    let manifest = "[batch]\nname = \"set\"\nbudget_usd = \"1.00\"\n[[sources]]\npath = \"set.csv\"\n";
    std::fs::write(sandbox.path("set.toml"), manifest).unwrap();
    let ended = sandbox.run(&["run", "set.toml", "--yes"]);
    assert_eq!(ended.code, Some(8), "{}", ended.stderr);
    let spent: Money = vendor.ledger().charges.iter().map(|charge| charge.amount).sum();
    assert_eq!(spent, Money::from_micros(933_300), "three clips of $0.3111 fit under $1.00, a fourth does not");
}

fn a_reached_budget_of_an_account_is_eight_and_is_never_passed_by_several_batches(store: StoreKind) {
    let (vendor, sandbox) = capped(store, "budget_usd = 1");
    std::fs::copy(sandbox.path("set.csv"), sandbox.path("more.csv")).unwrap();
    // The same rows twice, which takes a word of its own for whichever comes second.
    let start = |manifest| sandbox.start(&["run", manifest, "--yes", "--again"]);
    let (one, other) = (start("set.csv"), start("more.csv"));
    for ended in [one.wait(), other.wait()] {
        assert_eq!(ended.code, Some(8), "{}", ended.stderr);
        assert!(ended.stderr.contains("account wave has reached its budget of $1.00"), "{}", ended.stderr);
        assert!(ended.stderr.contains("raise budget_usd of [accounts.wave]"), "{}", ended.stderr);
    }
    assert_eq!(spent(&vendor), Money::from_micros(933_300), "three clips of $0.3111 for both together");
    let status = sandbox.run(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["accounts"][0]["held"][0]["by"], "budget", "{status}");
    assert_eq!(sandbox.run(&["status"]).stdout.matches("its budget of $1.00, for ").count(), 1);
}

fn a_reached_budget_of_a_day_is_eight_says_when_it_goes_on_and_is_never_passed(store: StoreKind) {
    let today = reelq_model::Clock::now(&reelq_model::SystemClock::new());
    let (vendor, sandbox) = capped(store, "daily_budget_usd = 0.70\nbudget_usd = \"$100\"");
    let ended = sandbox.run(&["run", "set.csv", "--yes", "--json"]);
    assert_eq!(ended.code, Some(8), "{}", ended.stderr);
    let told: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let held = &told["accounts"][0]["held"][0];
    assert_eq!((held["batch"].as_str(), held["by"].as_str()), (Some("set"), Some("daily_budget")), "{told}");
    assert!(ended.stderr.contains("account wave has reached its budget of $0.70 a day until "), "{}", ended.stderr);
    let again = sandbox.run(&["run", "set.csv", "--yes"]);
    let later = reelq_model::Clock::now(&reelq_model::SystemClock::new());
    // A test that runs across midnight has two days' money.
    if later.day() == today.day() {
        let goes_on = format!("to go on: from {}, or with a higher daily_budget_usd", today.day_end());
        assert!(again.stderr.contains(&goes_on), "{}", again.stderr);
        assert_eq!(held["until"], today.day_end().millis());
        assert_eq!((again.code, spent(&vendor)), (Some(8), Money::from_micros(622_200)), "two clips of $0.3111 a day");
        let plan = sandbox.run(&["plan", "set.csv"]);
        assert!(
            plan.stdout.contains("$0.0778 of $0.70 left today: it does not cover all of it today"),
            "{}",
            plan.stdout
        );
    }
}

fn a_simulation_keeps_the_days_budget(store: StoreKind) {
    let (_, sandbox) = capped(store, "daily_budget_usd = 0.70");
    let ended = sandbox.run(&["run", "set.csv", "--yes", "--simulate"]);
    assert_eq!(ended.code, Some(8), "{}", ended.stderr);
    assert!(ended.stderr.contains("of $0.70 a day"), "{}", ended.stderr);
}

fn a_price_that_is_not_known_under_a_budget_of_an_account_is_refused_before_anything_is_bought(store: StoreKind) {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let lines = format!("{LIMITS}\ndaily_budget_usd = 5");
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![Account { name: "poyo", provider: "poyo", lines }], "");
    std::fs::write(sandbox.path("prices-poyo.toml"), "").unwrap();
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 3, copies: 1 }, &[("poyo", "poyo")]);
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("price must be known where the account has a budget"), "{}", ended.stderr);
    assert!(vendor.ledger().charges.is_empty());
}

fn an_interrupt_is_130_and_the_same_command_goes_on(store: StoreKind) {
    let slow = SimSettings { pace: reelq_sim::SimPace::seconds(2.0, 3.0), ..SimSettings::default() };
    let (vendor, sandbox) = one_account(store, "wave", slow);
    let run = sandbox.start(&["run", "set.csv", "--yes"]);
    while vendor.ledger().charges.is_empty() {
        std::thread::yield_now();
    }
    run.signal("INT");
    let ended = run.wait();
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert_eq!(sandbox.run(&["run", "set.csv", "--yes"]).code, Some(0));
    assert_eq!(vendor.ledger().charges.len(), 20);
}

on_each_store!(
    all_rows_succeeded_is_zero_and_so_is_running_it_again,
    a_wrong_manifest_is_two_and_enqueues_nothing,
    failed_rows_are_three,
    a_blocked_account_is_four_and_the_rows_wait,
    unconfirmed_rows_are_six_and_can_be_resolved,
    a_reached_budget_is_eight_and_is_never_passed,
    a_reached_budget_of_an_account_is_eight_and_is_never_passed_by_several_batches,
    a_reached_budget_of_a_day_is_eight_says_when_it_goes_on_and_is_never_passed,
    a_simulation_keeps_the_days_budget,
    a_price_that_is_not_known_under_a_budget_of_an_account_is_refused_before_anything_is_bought,
    an_interrupt_is_130_and_the_same_command_goes_on
);
