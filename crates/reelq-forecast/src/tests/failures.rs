use super::*;

#[test]
fn charged_failures_cost_their_price_and_others_nothing() {
    let base = runs(jobs(account(), 1_000), &[1_000]);
    let charged = told(fails(base.clone(), 100_000, [20_000, 0, 0]));
    let uncharged = told(fails(base, 100_000, [0, 20_000, 0]));
    assert_eq!(charged.cost, Some(always(100_000)));
    let cost = uncharged.cost.unwrap();
    assert!((79_000..=81_000).contains(&cost.median), "{cost:?}");
    for told in [charged, uncharged] {
        let failed = told.failed.unwrap();
        assert!((190..=210).contains(&failed.median) && failed.low < 190 && failed.high > 210, "{failed:?}");
    }
}

#[test]
fn retries_add_submissions_and_save_jobs() {
    // At one a second the time of the last submission counts the submissions.
    let mut account = fails(runs(rate(jobs(account(), 500), 1.0), &[1_000]), 100_000, [0, 0, 20_000]);
    let without = told(account.clone());
    account.retries = 3;
    let with = told(account);
    assert_eq!(without.submit_s, Some(always(499)));
    let submissions = with.submit_s.unwrap().median;
    assert!((610..=640).contains(&submissions), "500 * (1 + 0.2 + 0.04 + 0.008) = 624, not {submissions}");
    assert!((90..=110).contains(&without.failed.unwrap().median));
    assert!(with.failed.unwrap().median <= 2, "500 * 0.2^4 = 0.8");
    assert!(with.cost.unwrap().median > without.cost.unwrap().median);
}

#[test]
fn what_was_charged_for_a_price_is_charged_again() {
    let mut account = runs(jobs(account(), 1_000), &[1_000]);
    account.history.charged_ratio = vec![0.5; 20];
    assert_eq!(told(account.clone()).cost, Some(always(50_000)));
    account.history.charged_ratio = vec![f64::NAN, -3.0, f64::INFINITY];
    assert_eq!(told(account).cost, Some(always(100_000)), "what is no ratio tells nothing");
}

#[test]
fn a_short_history_leaves_more_open_than_a_long_one() {
    let base = runs(jobs(account(), 1_000), &[1_000]);
    let width = |ended: u64| {
        let failed = told(fails(base.clone(), ended, [ended / 10, 0, 0])).failed.unwrap();
        failed.high - failed.low
    };
    let (short, long) = (width(20), width(20_000));
    assert!(short > 3 * long, "{short} {long}");
}
