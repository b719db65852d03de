//! How large the numbers are that a store keeps: whatever a provider or a manifest says, sums of them stay whole and exact.
//!
//! Over Redis, numbers go through scripts as doubles, which are exact up to 2^53.

use reelq_model::{Job, Money, OutputLink, Stage, Timestamp, believable_cost};

/// Stands for a price that is not known.
pub const NO_PRICE: i64 = -1;
/// No figure of one job counts as more: a million dollars. Nine million such jobs still add up.
pub const JOB_MOST: i64 = 1_000_000_000_000;
/// No cap on money counts as more, and no sum that is above it can be right.
pub const SUM_MOST: i64 = 1 << 52;
/// The last whole second, in the year 9999, that times are shown of.
const LATEST: Timestamp = Timestamp::from_millis(253_402_207_200_000);
/// Stands for the end of a lease that lasts as long as its worker follows tasks: no time that a store keeps is as late.
pub const FOLLOWED: Timestamp = Timestamp::from_millis(LATEST.millis() + 1);
/// Zero stands for no time in some records.
const EARLIEST: Timestamp = Timestamp::from_millis(1);

/// What a job's figure adds to sums, in micro-dollars.
pub fn amount(money: Money) -> i64 {
    money.micros().clamp(0, JOB_MOST)
}

/// A price as it is kept beside the job.
pub fn price(price: Option<Money>) -> i64 {
    price.filter(|price| *price >= Money::ZERO).map_or(NO_PRICE, amount)
}

/// A budget as it is compared with sums.
pub fn cap(money: Money) -> i64 {
    money.micros().clamp(0, SUM_MOST)
}

/// A time that every reader can show and every script can add to.
pub fn time(at: Timestamp) -> Timestamp {
    at.clamp(EARLIEST, LATEST)
}

/// When a lease ends, as it is kept.
pub fn lease_end(at: Timestamp) -> Timestamp {
    if at == FOLLOWED { at } else { time(at) }
}

/// A job as it was read, with figures that cannot be meant brought to what can: an earlier version took any number.
pub fn sound(mut job: Job) -> Job {
    job.price = job.price.filter(|price| *price >= Money::ZERO).map(|price| Money::from_micros(amount(price)));
    for charge in &mut job.charges {
        if charge.amount.is_some() {
            charge.amount = believable_cost(charge.amount, job.price).or(job.price);
        }
    }
    if let Stage::Fetching { outputs, .. } = &mut job.stage {
        outputs.iter_mut().for_each(bound_link);
    }
    job
}

fn bound_link(link: &mut OutputLink) {
    link.expires_at = link.expires_at.map(time);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_any_size_are_brought_to_what_adds_up() {
        let of = |micros| Some(Money::from_micros(micros));
        assert_eq!([i64::MIN, -1, 0, 7, i64::MAX].map(|n| price(of(n))), [-1, -1, 0, 7, JOB_MOST]);
        assert_eq!([i64::MIN, 7, i64::MAX].map(|n| amount(Money::from_micros(n))), [0, 7, JOB_MOST]);
        assert_eq!(cap(Money::from_micros(i64::MAX)), SUM_MOST);
        assert!(i128::from(JOB_MOST) * 9_000_000 < i128::from(i64::MAX));
    }

    #[test]
    fn times_of_any_size_are_brought_to_what_can_be_shown() {
        let shown = [i64::MIN, 0, i64::MAX].map(|millis| time(Timestamp::from_millis(millis)).to_string());
        assert_eq!(shown, ["1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00.001Z", "9999-12-30T22:00:00Z"]);
    }
}
