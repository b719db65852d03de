//! How a vendor may really be, as far as its history lets it.

use super::{Failures, PlayedAccount, Throttles, chance::Chance};

const NANOS_PER_MILLI: u64 = 1_000_000;
/// Millionths in one: the unit of [`Nature::charges`].
const MILLIONTHS: i64 = 1_000_000;
/// No more is charged for a price than a thousand times of it: what is larger was not measured right.
const RATIO_MAX: f64 = 1e3;
/// No play goes on where more than so many of its submissions are throttled: it would never end.
const THROTTLED_MAX: f64 = 0.9;

/// What one play takes for true of a vendor. Times are in nanoseconds.
#[derive(Debug, Clone)]
pub(crate) struct Nature {
    /// How long tasks run; empty where nothing is known, and then they take no time at all.
    pub(crate) runs: Vec<u64>,
    /// How long downloads take.
    pub(crate) downloads: Vec<u64>,
    /// How long a throttled account waits.
    pub(crate) waits: Vec<u64>,
    /// What is charged for a price, in millionths of it.
    pub(crate) charges: Vec<i64>,
    /// How likely a submission is throttled.
    pub(crate) throttled: f64,
    /// How likely a task ends in each way.
    pub(crate) ends: Ends,
    /// An end is noticed up to so much later.
    pub(crate) poll: u64,
}

/// How likely a task ends in each way but well.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ends {
    pub(crate) final_charged: f64,
    pub(crate) final_uncharged: f64,
    pub(crate) transient: f64,
}

/// How one task ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Succeeded,
    FailedCharged,
    FailedUncharged,
    Transient,
}

impl Nature {
    /// Draws one that the history lets be. Samples are drawn anew from themselves (bootstrap), chances from what is left
    /// open by the counts (Jeffreys' prior).
    pub(crate) fn draw(account: &PlayedAccount, chance: &mut Chance) -> Self {
        let history = &account.history;
        let throttles = history.seen_throttles();
        Self {
            runs: again(&nanos(&history.run_ms), chance),
            downloads: again(&nanos(&history.download_ms), chance),
            waits: throttles.map(|seen| again(&nanos(&seen.wait_ms), chance)).unwrap_or_default(),
            charges: again(&millionths(&history.charged_ratio), chance),
            throttled: throttles.map_or(0.0, |seen| throttled(seen, chance)),
            ends: history.seen_failures().map_or_else(Ends::default, |seen| ends(seen, chance)),
            poll: account.pacing.poll_ms.saturating_mul(NANOS_PER_MILLI),
        }
    }

    /// How the next task ends.
    pub(crate) fn fate(&self, chance: &mut Chance) -> Fate {
        let (draw, ends) = (chance.unit(), self.ends);
        if draw < ends.final_charged {
            Fate::FailedCharged
        } else if draw < ends.final_charged + ends.final_uncharged {
            Fate::FailedUncharged
        } else if draw < ends.final_charged + ends.final_uncharged + ends.transient {
            Fate::Transient
        } else {
            Fate::Succeeded
        }
    }

    /// From the submission to the noticed end of the next task.
    pub(crate) fn run(&self, chance: &mut Chance) -> u64 {
        match chance.pick(&self.runs) {
            Some(run) if self.poll > 0 => run.saturating_add(chance.below(self.poll)),
            Some(run) => run,
            // Where nothing is known of durations, no end is told, and the rate alone says when things are submitted.
            None => 0,
        }
    }

    /// What is charged for the next job of this price, in micro-dollars.
    pub(crate) fn charge(&self, price: i64, chance: &mut Chance) -> i64 {
        match chance.pick(&self.charges) {
            Some(millionths) => price.saturating_mul(millionths) / MILLIONTHS,
            None => price,
        }
    }
}

/// As many draws from the sample as it has.
fn again<T: Copy>(sample: &[T], chance: &mut Chance) -> Vec<T> {
    sample.iter().filter_map(|_| chance.pick(sample)).collect()
}

fn nanos(millis: &[u64]) -> Vec<u64> {
    millis.iter().map(|millis| millis.saturating_mul(NANOS_PER_MILLI)).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
fn millionths(ratios: &[f64]) -> Vec<i64> {
    let told = ratios.iter().filter(|ratio| (0.0..=RATIO_MAX).contains(*ratio));
    told.map(|ratio| (ratio * 1e6).round() as i64).collect()
}

fn throttled(seen: &Throttles, chance: &mut Chance) -> f64 {
    let passed = seen.submissions.saturating_sub(seen.throttled);
    let [throttled, _] = chance.parts([count(seen.throttled) + 0.5, count(passed) + 0.5]);
    throttled.min(THROTTLED_MAX)
}

/// One half for "it succeeds" and one half for "it fails", in equal thirds for the ways to fail: so the chance of any failure
/// has Jeffreys' prior, however many ways there are.
fn ends(seen: Failures, chance: &mut Chance) -> Ends {
    let failed = seen.final_charged.saturating_add(seen.final_uncharged).saturating_add(seen.transient);
    let [final_charged, final_uncharged, transient] =
        [seen.final_charged, seen.final_uncharged, seen.transient].map(|seen| count(seen) + 1.0 / 6.0);
    let succeeded = count(seen.ended.saturating_sub(failed)) + 0.5;
    let [final_charged, final_uncharged, transient, _] =
        chance.parts([final_charged, final_uncharged, transient, succeeded]);
    Ends { final_charged, final_uncharged, transient }
}

#[expect(clippy::cast_precision_loss, reason = "a count as a shape")]
fn count(seen: u64) -> f64 {
    seen as f64
}
