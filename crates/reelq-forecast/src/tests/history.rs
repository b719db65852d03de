use super::*;

#[test]
fn without_a_history_no_end_is_told_but_the_rate_is() {
    let forecast = forecast(&[rate(jobs(account(), 101), 1.0)], 1).unwrap();
    let told = forecast.total;
    assert_eq!((told.end_s, told.throttles, told.failed), (None, None, None));
    assert_eq!(told.submit_s, Some(always(100)));
    assert_eq!(told.cost, Some(always(10_100)));
    let all =
        [Unlearned::Durations, Unlearned::Downloads, Unlearned::Throttles, Unlearned::Failures, Unlearned::Charges];
    assert_eq!(forecast.accounts[0].unlearned, all);
}

#[test]
fn counts_of_nothing_are_no_history() {
    let told = told(throttles(fails(jobs(account(), 9), 0, [0; 3]), 0, 0, &[]));
    assert_eq!((told.throttles, told.failed), (None, None));
}

#[test]
fn a_clean_history_still_leaves_a_failure_possible() {
    let failed = told(fails(runs(jobs(account(), 1_000), &[1_000]), 50, [0; 3])).failed.unwrap();
    assert!(failed.median < 15 && failed.high > 10, "{failed:?}");
}

#[test]
fn throttles_without_a_wait_are_said_to_be_so() {
    let account = throttles(runs(jobs(account(), 9), &[1]), 10, 5, &[]);
    let forecast = forecast(&[account], 1).unwrap();
    assert!(forecast.accounts[0].unlearned.contains(&Unlearned::Waits));
}

#[test]
fn counts_that_contradict_themselves_do_no_harm() {
    let mut account = throttles(fails(runs(jobs(account(), 50), &[u64::MAX]), 1, [9, 9, u64::MAX]), 1, 99, &[u64::MAX]);
    account.retries = u32::MAX;
    account.groups.push(JobGroup { count: 3, price: Some(i64::MAX) });
    account.groups.push(JobGroup { count: 3, price: Some(-5) });
    account.budgets =
        Budgets { left: Some(i64::MIN), day: Some(i64::MAX), day_left: Some(-9), day_ends_in_ms: u64::MAX };
    assert_eq!(told(account).jobs, 56);
}
