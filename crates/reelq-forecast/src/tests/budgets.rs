use super::*;

const HOUR_MS: u64 = 3_600_000;
const DAY_S: u64 = 86_400;

fn daily(day: i64, day_left: i64) -> PlayedAccount {
    let mut account = runs(jobs(account(), 25), &[1_000]);
    account.budgets = Budgets { left: None, day: Some(day), day_left: Some(day_left), day_ends_in_ms: HOUR_MS };
    account
}

#[test]
fn a_daily_budget_spreads_a_batch_over_days() {
    // Five today, ten tomorrow, ten on the day after.
    let told = told(daily(1_000, 500));
    assert_eq!(told.submit_s.unwrap().median, 3_600 + DAY_S + 1);
    assert_eq!(told.end_s.unwrap().median, 3_600 + DAY_S + 2);
    assert_eq!((told.left_over, told.limit), (always(0), Some(Bottleneck::DailyBudget)));
    assert_eq!(told.cost, Some(always(2_500)));
}

#[test]
fn a_day_that_is_spent_already_begins_tomorrow() {
    assert_eq!(told(daily(2_500, 0)).end_s.unwrap().median, 3_602);
}

#[test]
fn a_job_that_no_day_pays_for_is_left_over_at_once() {
    let told = told(daily(99, 99));
    assert_eq!((told.left_over, told.end_s), (always(25), Some(always(0))));
    assert_eq!(told.limit, Some(Bottleneck::Budget));
}

#[test]
fn the_whole_budget_ends_a_batch_with_jobs_left_over() {
    let mut account = runs(jobs(account(), 25), &[1_000]);
    account.budgets.left = Some(1_050);
    let told = told(account);
    assert_eq!((told.cost, told.left_over), (Some(always(1_000)), always(15)));
    assert_eq!(told.limit, Some(Bottleneck::Budget));
}

#[test]
fn what_failed_without_a_charge_is_spent_on_others() {
    let mut account = fails(runs(jobs(account(), 25), &[1_000]), 100_000, [0, 50_000, 0]);
    account.budgets.left = Some(1_000);
    let told = told(account);
    assert!(told.left_over.median < 10, "{:?}", told.left_over);
    assert!(told.cost.unwrap().high <= 1_000);
}

#[test]
fn a_cheaper_group_goes_where_a_dear_one_does_not_fit() {
    let mut account = runs(account(), &[1_000]);
    account.groups = vec![JobGroup { count: 1, price: Some(900) }, JobGroup { count: 3, price: Some(100) }];
    account.budgets.left = Some(350);
    let told = told(account);
    assert_eq!((told.cost, told.left_over), (Some(always(300)), always(1)));
}

#[test]
fn what_has_no_price_is_not_bought_from_a_budget() {
    let mut account = runs(account(), &[1_000]);
    account.groups = vec![JobGroup { count: 4, price: None }, JobGroup { count: 3, price: Some(100) }];
    let open = told(account.clone());
    assert_eq!((open.cost, open.left_over), (None, always(0)), "a cost with an unknown part is unknown");
    account.budgets.left = Some(1_000);
    assert_eq!(told(account).left_over, always(4));
}
