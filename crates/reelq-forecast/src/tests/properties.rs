use super::*;

/// Accounts of many kinds, none of them simple.
fn kinds() -> impl Iterator<Item = PlayedAccount> {
    let paces = [(0.5, 3), (5.0, 7), (50.0, 40)];
    let budgets = [(None, None), (None, Some(9_000)), (Some(20_000), None)];
    paces.into_iter().flat_map(move |(per_second, cap)| {
        budgets.into_iter().map(move |(left, day)| {
            let mut account = runs(places(rate(account(), per_second), cap), &[20_000, 30_000, 45_000, 90_000]);
            account = throttles(fails(account, 200, [4, 4, 20]), 300, 6, &[1_000, 9_000]);
            account.retries = 2;
            account.budgets = Budgets { left, day, day_left: Some(5_000), day_ends_in_ms: 600_000 };
            account
        })
    })
}

fn median_end(account: PlayedAccount) -> u64 {
    told(account).end_s.unwrap().median
}

#[test]
fn more_jobs_never_end_sooner() {
    for account in kinds() {
        let ends: Vec<u64> = [20, 60, 180].map(|count| median_end(jobs(account.clone(), count))).to_vec();
        assert!(ends.is_sorted(), "{ends:?} {account:?}");
    }
}

#[test]
fn a_higher_cap_never_ends_later() {
    for account in kinds().filter(|account| account.budgets.left.is_none()) {
        let account = jobs(account, 100);
        let ends: Vec<u64> = [2, 8, 32, 128].map(|cap| median_end(places(account.clone(), cap))).to_vec();
        // Where the rate or the day decides, the caps differ by chance alone.
        assert!(ends.iter().zip(&ends[1..]).all(|(few, many)| *many <= few + few / 50 + 5), "{ends:?} {account:?}");
    }
}

#[test]
fn jobs_end_or_are_left_over_and_money_is_never_overspent() {
    for account in kinds() {
        let budget = account.budgets.left.unwrap_or(i64::MAX);
        let told = told(jobs(account, 300));
        assert!(told.cost.unwrap().high <= budget.min(30_000));
        assert!(told.failed.unwrap().high + told.left_over.high <= 300 + 1);
    }
}

#[test]
fn a_large_batch_is_narrower_than_a_small_one_by_its_size() {
    let [small, large] = [30, 3_000].map(|count| {
        let end = told(jobs(runs(places(account(), 3), &[10_000, 20_000, 60_000]), count)).end_s.unwrap();
        (end.high - end.low) * 1_000 / end.median
    });
    assert!(large <= small, "{small} {large}");
}
