//! The answers of many plays as one.

use super::{
    AccountForecast, Bottleneck, Figures, Forecast, Interval, PlayedAccount, Unlearned, outcome::Outcome, plays::Plays,
};

const NANOS_PER_SECOND: u64 = 1_000_000_000;
/// Fewer waits than these say nothing of how long the next ones are.
const WAITS_MIN: usize = 5;

/// What is known of an account, and so may be told.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Known {
    sends: bool,
    ends: bool,
    costs: bool,
    throttles: bool,
    failures: bool,
}

pub(crate) fn sum_up(accounts: &[PlayedAccount], plays: &Plays) -> Forecast {
    let parts = accounts.iter().enumerate().map(|(index, account)| part(account, index, plays)).collect();
    // Nothing is to be learned of an account that has nothing to do.
    let busy = accounts.iter().enumerate().filter(|(_, account)| account.jobs() > 0);
    let known = busy.map(|(index, account)| known(account, &of_account(plays, index)));
    let known = known.reduce(Known::and).unwrap_or(Known::ALL);
    let together: Vec<Outcome> = plays.iter().filter_map(|play| play.iter().copied().reduce(Outcome::beside)).collect();
    let jobs = accounts.iter().fold(0, |sum, account| account.jobs().saturating_add(sum));
    let limit = limit(plays, &together);
    Forecast {
        plays: u64::try_from(plays.len()).unwrap_or(u64::MAX),
        total: figures(jobs, known, &together, limit),
        accounts: parts,
    }
}

fn part(account: &PlayedAccount, index: usize, plays: &Plays) -> AccountForecast {
    let outcomes = of_account(plays, index);
    let limit = median_play(&outcomes).and_then(|number| outcomes.get(number)).and_then(Outcome::limit);
    let figures = figures(account.jobs(), known(account, &outcomes), &outcomes, limit);
    AccountForecast { figures, unlearned: unlearned(account) }
}

fn of_account(plays: &Plays, index: usize) -> Vec<Outcome> {
    plays.iter().filter_map(|play| play.get(index).copied()).collect()
}

fn figures(jobs: u64, known: Known, outcomes: &[Outcome], limit: Option<Bottleneck>) -> Figures {
    let times =
        |of: fn(&Outcome) -> u64| Interval::of(outcomes.iter().map(of)).map(|nanos| nanos.div_ceil(NANOS_PER_SECOND));
    let counts = |of: fn(&Outcome) -> u64| Interval::of(outcomes.iter().map(of));
    Figures {
        jobs,
        submit_s: known.sends.then(|| times(|outcome| outcome.submitted)),
        end_s: (known.sends && known.ends).then(|| times(|outcome| outcome.end)),
        cost: known.costs.then(|| Interval::of(outcomes.iter().map(|outcome| outcome.cost))),
        throttles: known.throttles.then(|| counts(|outcome| outcome.throttles)),
        failed: known.failures.then(|| counts(|outcome| outcome.failed)),
        left_over: counts(|outcome| outcome.left_over),
        limit,
    }
}

/// The number of the play whose end lies in the middle.
fn median_play(outcomes: &[Outcome]) -> Option<usize> {
    let mut numbers: Vec<usize> = (0..outcomes.len()).collect();
    numbers.sort_by_key(|number| outcomes.get(*number).map(|outcome| (outcome.end, outcome.submitted)));
    numbers.get(numbers.len() / 2).copied()
}

/// What holds up the account that ends last in the median play.
fn limit(plays: &Plays, together: &[Outcome]) -> Option<Bottleneck> {
    let play = plays.get(median_play(together)?)?;
    play.iter().find(|outcome| outcome.is_stuck).or_else(|| play.iter().max_by_key(|outcome| outcome.end))?.limit()
}

fn known(account: &PlayedAccount, outcomes: &[Outcome]) -> Known {
    if account.jobs() == 0 {
        return Known::ALL;
    }
    Known {
        sends: !outcomes.iter().any(|outcome| outcome.is_stuck),
        ends: !account.history.run_ms.is_empty(),
        costs: account.is_priced(),
        throttles: account.history.seen_throttles().is_some(),
        failures: account.history.seen_failures().is_some(),
    }
}

fn unlearned(account: &PlayedAccount) -> Vec<Unlearned> {
    let history = &account.history;
    let throttles = history.seen_throttles();
    let waits = throttles.is_some_and(|seen| seen.wait_ms.len() < WAITS_MIN);
    let missing = [
        (history.run_ms.is_empty(), Unlearned::Durations),
        (history.download_ms.is_empty(), Unlearned::Downloads),
        (throttles.is_none(), Unlearned::Throttles),
        (waits, Unlearned::Waits),
        (history.seen_failures().is_none(), Unlearned::Failures),
        (history.charged_ratio.is_empty(), Unlearned::Charges),
    ];
    missing.into_iter().filter(|(is_missing, _)| *is_missing).map(|(_, what)| what).collect()
}

impl Known {
    const ALL: Self = Self { sends: true, ends: true, costs: true, throttles: true, failures: true };

    const fn and(self, other: Self) -> Self {
        Self {
            sends: self.sends && other.sends,
            ends: self.ends && other.ends,
            costs: self.costs && other.costs,
            throttles: self.throttles && other.throttles,
            failures: self.failures && other.failures,
        }
    }
}
