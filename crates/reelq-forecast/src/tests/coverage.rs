//! Whether the intervals hold what they say: vendors whose nature is known are forecast from a short history of theirs, and
//! then played as they are.

use super::{
    super::{
        chance::Chance,
        nature::{Ends, Fate, Nature},
        outcome::Outcome,
        play::play,
        plays::played,
        summary::sum_up,
    },
    *,
};

/// How many of the truths lay inside the interval.
#[derive(Debug, Default)]
struct Covered {
    end: u32,
    cost: u32,
    throttles: u32,
    failed: u32,
    trials: u32,
}

/// A vendor as it is: tasks run a minute and a half give or take a half (log-normal), one submission in thirty is
/// throttled, and
/// one task in eight fails.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small positive numbers")]
fn truth(chance: &mut Chance) -> Nature {
    let draws = |chance: &mut Chance, median: f64, sigma: f64| -> Vec<u64> {
        (0..20_000).map(|_| (median * 1e9 * (sigma * chance.normal()).exp()).round() as u64).collect()
    };
    Nature {
        runs: draws(chance, 90.0, 0.4),
        downloads: draws(chance, 4.0, 0.3),
        waits: draws(chance, 10.0, 0.7),
        charges: vec![1_000_000, 1_000_000, 1_000_000, 800_000],
        throttled: 1.0 / 30.0,
        ends: Ends { final_charged: 0.02, final_uncharged: 0.04, transient: 0.06 },
        poll: 5_000_000_000,
    }
}

/// What so many jobs of this vendor leave behind.
fn history(truth: &Nature, seen: usize, chance: &mut Chance) -> AccountHistory {
    let millis = |values: &[u64], count: usize, chance: &mut Chance| -> Vec<u64> {
        (0..count).map(|_| chance.pick(values).unwrap() / 1_000_000).collect()
    };
    let throttled = (0..seen).filter(|_| chance.unit() < truth.throttled).count();
    let fates: Vec<Fate> = (0..seen).map(|_| truth.fate(chance)).collect();
    let count = |fate: Fate| fates.iter().filter(|other| **other == fate).count() as u64;
    let wait_ms = millis(&truth.waits, throttled, chance);
    AccountHistory {
        run_ms: millis(&truth.runs, seen, chance),
        download_ms: millis(&truth.downloads, seen, chance),
        throttles: Some(Throttles { submissions: seen as u64, throttled: throttled as u64, wait_ms }),
        failures: Some(Failures {
            ended: seen as u64,
            final_charged: count(Fate::FailedCharged),
            final_uncharged: count(Fate::FailedUncharged),
            transient: count(Fate::Transient),
        }),
        charged_ratio: (0..seen)
            .map(|_| f64::from(i32::try_from(chance.pick(&truth.charges).unwrap()).unwrap()) / 1e6)
            .collect(),
    }
}

/// So many vendors' batches.
fn cover(base: &PlayedAccount, seen: usize, trials: u32, plays: u64) -> Covered {
    let mut covered = Covered { trials, ..Covered::default() };
    let truth = truth(&mut Chance::of(11, 0, 0));
    for trial in 0..trials {
        let mut chance = Chance::of(12, 0, u64::from(trial));
        let account = PlayedAccount { history: history(&truth, seen, &mut chance), ..base.clone() };
        let outcome = play(&account, &truth, &mut chance);
        let accounts = [account];
        let told = sum_up(&accounts, &played(&accounts, u64::from(trial), plays)).total;
        covered.add(&told, outcome);
    }
    covered
}

impl Covered {
    fn add(&mut self, told: &Figures, outcome: Outcome) {
        let inside = |spread: Interval<u64>, value: u64| u32::from((spread.low..=spread.high).contains(&value));
        let cost = told.cost.unwrap();
        self.end += inside(told.end_s.unwrap(), outcome.end.div_ceil(1_000_000_000));
        self.cost += u32::from((cost.low..=cost.high).contains(&outcome.cost));
        self.throttles += inside(told.throttles.unwrap(), outcome.throttles);
        self.failed += inside(told.failed.unwrap(), outcome.failed);
    }

    /// The least covered of the figures, in a hundred.
    fn least(&self) -> u32 {
        [self.end, self.cost, self.throttles, self.failed].into_iter().min().unwrap() * 100 / self.trials
    }
}

fn by_rate(count: u64) -> PlayedAccount {
    let mut account = rate(jobs(account(), count), 0.5);
    account.pacing.poll_ms = 5_000;
    account.retries = 1;
    account
}

fn by_places(count: u64) -> PlayedAccount {
    places(rate(by_rate(count), 100.0), 6)
}

#[test]
fn eight_in_ten_truths_lie_in_the_interval() {
    for base in [by_rate(100), by_places(100)] {
        let covered = cover(&base, 100, 60, 60);
        assert!(covered.least() >= 65, "{covered:?}");
    }
}

#[test]
fn the_fewest_plays_hold_it_too() {
    let covered = cover(&by_places(60), 100, 100, PLAYS_MIN);
    assert!(covered.least() >= 65, "{covered:?}");
}

#[test]
#[ignore = "minutes long; says how well the intervals hold"]
fn intervals_of_many_vendors_hold_what_they_say() {
    for count in [20, 200, 2_000] {
        for seen in [10, 30, 100, 300] {
            for (name, base) in [("rate", by_rate(count)), ("places", by_places(count))] {
                println!("{count} jobs, {seen} seen, by {name}: {:?}", cover(&base, seen, 500, 200));
            }
        }
    }
}
