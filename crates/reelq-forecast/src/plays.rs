//! How often a batch is played.

use super::{
    Forecast, PlayedAccount, TooManyJobs, chance::Chance, nature::Nature, outcome::Outcome, play::play, summary,
};

/// The most times that a batch is played: more would not move the answer by what a reader can see.
pub const PLAYS_MAX: u64 = 400;
/// The fewest times, however large the batch is. Of a large one every play is nearly the same by itself, and what is drawn
/// anew for each play is what spreads them.
pub const PLAYS_MIN: u64 = 16;
/// About how many submissions are played in all: a batch is played as often as this holds its own, from [`PLAYS_MIN`] to
/// [`PLAYS_MAX`] times. So up to 10,000 jobs are played 400 times, 20,000 jobs 200 times, and from 250,000 on 16 times.
pub const SUBMISSIONS_PLAYED: u64 = 4_000_000;
/// More jobs than these are not played: it would take longer than anybody waits.
pub const JOBS_MAX: u64 = 5_000_000;

/// What came of every account in every play, the accounts of each play in their order.
pub(crate) type Plays = Vec<Vec<Outcome>>;

/// What a batch will probably take on these accounts, which work side by side.
///
/// # Errors
/// More than [`JOBS_MAX`] jobs.
pub fn forecast(accounts: &[PlayedAccount], seed: u64) -> Result<Forecast, TooManyJobs> {
    let jobs = accounts.iter().fold(0, |sum, account| account.jobs().saturating_add(sum));
    if jobs > JOBS_MAX {
        return Err(TooManyJobs { jobs, most: JOBS_MAX });
    }
    Ok(summary::sum_up(accounts, &played(accounts, seed, plays_of(accounts))))
}

/// Plays the batch so many times.
pub(crate) fn played(accounts: &[PlayedAccount], seed: u64, plays: u64) -> Plays {
    (0..plays)
        .map(|number| (0..).zip(accounts).map(|(index, account)| once(account, seed, index, number)).collect())
        .collect()
}

fn once(account: &PlayedAccount, seed: u64, index: u64, number: u64) -> Outcome {
    let mut chance = Chance::of(seed, index, number);
    let nature = Nature::draw(account, &mut chance);
    play(account, &nature, &mut chance)
}

fn plays_of(accounts: &[PlayedAccount]) -> u64 {
    let submissions: f64 = accounts.iter().map(submissions).sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float-to-integer cast saturates")]
    let submissions = submissions.ceil() as u64;
    SUBMISSIONS_PLAYED.checked_div(submissions).unwrap_or(PLAYS_MAX).clamp(PLAYS_MIN, PLAYS_MAX)
}

/// How many submissions one play has, about: throttled ones and jobs that are bought again included.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn submissions(account: &PlayedAccount) -> f64 {
    let part = |some: u64, all: u64| (some as f64 / all.max(1) as f64).clamp(0.0, 0.9);
    let throttled = account.history.seen_throttles().map_or(0.0, |seen| part(seen.throttled, seen.submissions));
    let again = account.history.seen_failures().map_or(0.0, |seen| part(seen.transient, seen.ended));
    let again = if account.retries == 0 { 0.0 } else { again };
    account.jobs() as f64 / (1.0 - throttled) / (1.0 - again)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{account, jobs};
    use super::*;

    #[test]
    fn large_batches_are_played_less_often() {
        for (count, plays) in [(0, 400), (1, 400), (10_000, 400), (20_000, 200), (1_000_000, 16)] {
            assert_eq!(plays_of(&[jobs(account(), count)]), plays, "{count}");
        }
    }

    #[test]
    fn more_jobs_than_can_be_played_are_refused() {
        let refused = forecast(&[jobs(account(), JOBS_MAX), jobs(account(), 1)], 1);
        assert_eq!(refused, Err(TooManyJobs { jobs: 5_000_001, most: JOBS_MAX }));
    }
}
