use super::*;

fn pair() -> [PlayedAccount; 2] {
    let short = fails(runs(rate(jobs(account(), 20), 1.0), &[1_000, 2_000]), 100, [5, 0, 0]);
    let long = fails(runs(places(jobs(account(), 30), 1), &[9_000, 11_000]), 100, [0, 5, 0]);
    [short, long]
}

#[test]
fn accounts_work_side_by_side_and_the_last_one_ends_the_batch() {
    let forecast = forecast(&pair(), 1).unwrap();
    let [short, long] = [0, 1].map(|index| forecast.accounts[index].figures.clone());
    assert!(short.end_s.unwrap().high < long.end_s.unwrap().low);
    assert_eq!(forecast.total.end_s, long.end_s);
    assert_eq!((forecast.total.jobs, forecast.total.limit), (50, Some(Bottleneck::Places)));
    assert!(forecast.total.cost.unwrap().median > long.cost.unwrap().median + 1_900);
}

#[test]
fn what_one_account_does_not_tell_is_not_told_of_all() {
    let [mut short, long] = pair();
    short.history = AccountHistory::default();
    let told = forecast(&[short, long], 1).unwrap();
    assert_eq!((told.total.end_s, told.total.failed), (None, None));
    assert!(told.accounts[1].figures.end_s.is_some());
}

#[test]
fn an_account_with_nothing_to_do_takes_nothing_from_what_is_known() {
    let [_, long] = pair();
    let told = forecast(&[long, account()], 1).unwrap();
    assert!(told.total.end_s.is_some());
    let idle = &told.accounts[1].figures;
    assert_eq!((idle.end_s, idle.cost, idle.limit), (Some(always(0)), Some(always(0)), None));
    assert_eq!(forecast(&[], 1).unwrap().total.end_s, Some(always(0)));
}

#[test]
fn the_same_input_and_seed_give_the_same_answer() {
    assert_eq!(forecast(&pair(), 7), forecast(&pair(), 7));
    assert_ne!(forecast(&pair(), 7), forecast(&pair(), 8));
}

#[test]
fn a_change_to_one_account_leaves_the_other_as_it_was() {
    let [short, long] = pair();
    let before = forecast(&[short.clone(), long.clone()], 7).unwrap();
    let after = forecast(&[jobs(short, 5), long], 7).unwrap();
    assert_eq!(before.accounts[1], after.accounts[1]);
}
