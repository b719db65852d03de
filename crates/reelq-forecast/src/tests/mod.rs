//! The engine as a whole.

mod accounts;
mod budgets;
mod coverage;
mod failures;
mod history;
mod pacing;
mod properties;

use std::num::NonZeroU32;

use super::*;

pub(super) const ONE: NonZeroU32 = NonZeroU32::MIN;

/// One that holds nothing up: a million requests a second, a million places, no budget, no history and no jobs.
pub(super) fn account() -> PlayedAccount {
    let most = NonZeroU32::new(1_000_000).unwrap();
    let pacing = Pacing { requests_per_second: 1e6, burst: ONE, max_in_flight: most, poll_ms: 0 };
    let (budgets, history) = (Budgets::default(), AccountHistory::default());
    PlayedAccount { pacing, budgets, groups: Vec::new(), retries: 0, history }
}

/// With so many jobs of 100 micro-dollars each.
pub(super) fn jobs(mut account: PlayedAccount, count: u64) -> PlayedAccount {
    account.groups.push(JobGroup { count, price: Some(100) });
    account
}

pub(super) fn rate(mut account: PlayedAccount, requests_per_second: f64) -> PlayedAccount {
    account.pacing.requests_per_second = requests_per_second;
    account
}

pub(super) fn places(mut account: PlayedAccount, places: u32) -> PlayedAccount {
    account.pacing.max_in_flight = NonZeroU32::new(places).unwrap();
    account
}

/// Whose tasks all ran so many milliseconds.
pub(super) fn runs(mut account: PlayedAccount, run_ms: &[u64]) -> PlayedAccount {
    account.history.run_ms = run_ms.to_vec();
    account
}

/// Of so many that ended: charged and uncharged final failures, and transient ones.
pub(super) fn fails(
    mut account: PlayedAccount,
    ended: u64,
    [final_charged, final_uncharged, transient]: [u64; 3],
) -> PlayedAccount {
    account.history.failures = Some(Failures { ended, final_charged, final_uncharged, transient });
    account
}

pub(super) fn throttles(
    mut account: PlayedAccount,
    submissions: u64,
    throttled: u64,
    wait_ms: &[u64],
) -> PlayedAccount {
    account.history.throttles = Some(Throttles { submissions, throttled, wait_ms: wait_ms.to_vec() });
    account
}

/// Of 120 plays: enough for what tests ask, and soon over without optimising.
pub(super) fn told(account: PlayedAccount) -> Figures {
    let accounts = [account];
    summary::sum_up(&accounts, &plays::played(&accounts, 1, 120)).total
}

/// The same in every play.
pub(super) fn always<T: Copy>(value: T) -> Interval<T> {
    Interval { median: value, low: value, high: value }
}
