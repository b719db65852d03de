//! When to poll a task again, from its age and from how long such tasks took lately. Pure.

use std::time::Duration;

/// The bounds of an account's status requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PollPlan {
    /// The shortest time from acceptance to the first poll.
    pub first: Duration,
    /// The shortest time between two polls.
    pub min: Duration,
    /// The longest time between two polls, while the task is not overdue.
    pub max: Duration,
    /// By how much the time between two polls grows while nothing is known of such tasks; above 1.
    pub growth: f64,
}

/// Fewer run times than this say too little.
const KNOWN: usize = 5;
/// Each poll aims at the moment by which this share of the tasks that are still running will have ended: earlier
/// costs polls, later costs waiting.
const AIM: f64 = 0.5;

impl PollPlan {
    /// The time from acceptance to the first poll; `run_times` are sorted.
    pub fn first_poll(&self, run_times: &[Duration]) -> Duration {
        if run_times.len() < KNOWN {
            return self.first;
        }
        aim(run_times).clamp(self.first, self.max.max(self.first))
    }

    /// The time from a poll that found the task running, `age` after its acceptance, to the next; `run_times` are sorted.
    pub fn next_poll_after(&self, age: Duration, run_times: &[Duration]) -> Duration {
        self.unbounded(age, run_times).clamp(self.min, self.max.max(self.min))
    }

    /// The time between two polls of a task that is overdue.
    pub fn slow(&self) -> Duration {
        self.max.saturating_mul(4)
    }

    fn unbounded(&self, age: Duration, run_times: &[Duration]) -> Duration {
        let grown = |from: Duration| age.saturating_sub(from).mul_f64((self.growth - 1.0).max(0.0));
        if run_times.len() < KNOWN {
            return grown(Duration::ZERO);
        }
        let still_running = &run_times[run_times.partition_point(|ran| *ran <= age)..];
        match (still_running, run_times.last()) {
            ([], Some(longest)) => grown(*longest),
            (longer, _) => aim(longer).saturating_sub(age),
        }
    }
}

/// The run time by which the share [`AIM`] of `sorted` has ended.
fn aim(sorted: &[Duration]) -> Duration {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a position in a short list"
    )]
    let position = (sorted.len() as f64 * AIM) as usize;
    sorted.get(position).or(sorted.last()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAN: PollPlan = PollPlan {
        first: Duration::from_secs(2),
        min: Duration::from_secs(1),
        max: Duration::from_secs(10),
        growth: 1.5,
    };

    fn seconds(values: impl IntoIterator<Item = u64>) -> Vec<Duration> {
        values.into_iter().map(Duration::from_secs).collect()
    }

    /// The polls of a task that runs for `runs`, and how long after its end it was noticed.
    fn follow(runs: Duration, run_times: &[Duration]) -> (u32, Duration) {
        let (mut age, mut polls) = (PLAN.first_poll(run_times), 1);
        while age < runs {
            age += PLAN.next_poll_after(age, run_times);
            polls += 1;
        }
        (polls, age.saturating_sub(runs))
    }

    #[test]
    fn looks_at_an_unknown_task_grow_apart_up_to_the_longest() {
        let mut age = PLAN.first_poll(&[]);
        let mut gaps = vec![age];
        for _ in 0..8 {
            let gap = PLAN.next_poll_after(age, &[]);
            age += gap;
            gaps.push(gap);
        }
        let millis: Vec<_> = gaps.iter().map(Duration::as_millis).collect();
        assert_eq!(millis, [2000, 1000, 1500, 2250, 3375, 5062, 7593, 10_000, 10_000]);
    }

    #[test]
    fn known_run_times_save_looks_and_notice_sooner() {
        let run_times = seconds(28..=38);
        let (polls, late) = follow(Duration::from_secs(33), &run_times);
        let (blind_polls, blind_late) = follow(Duration::from_secs(33), &[]);
        assert!(polls <= 5 && polls < blind_polls, "{polls} polls, {blind_polls} without knowledge");
        assert!(late <= Duration::from_secs(2) && late < blind_late, "{late:?} late, {blind_late:?} without knowledge");
    }

    #[test]
    fn task_that_outlasts_all_known_ones_is_looked_at_ever_more_rarely() {
        let run_times = seconds([5; 10]);
        assert_eq!(PLAN.next_poll_after(Duration::from_secs(6), &run_times), PLAN.min);
        assert_eq!(PLAN.next_poll_after(Duration::from_secs(15), &run_times), Duration::from_secs(5));
        assert_eq!(PLAN.next_poll_after(Duration::from_mins(5), &run_times), PLAN.max);
    }

    proptest! {
        #[test]
        fn every_look_stays_within_the_bounds(age in 0_u64..100_000, mut runs in prop::collection::vec(0_u64..100_000, 0..64)) {
            runs.sort_unstable();
            let run_times = seconds(runs);
            let next = PLAN.next_poll_after(Duration::from_secs(age), &run_times);
            prop_assert!(next >= PLAN.min && next <= PLAN.max);
            let first = PLAN.first_poll(&run_times);
            prop_assert!(first >= PLAN.first && first <= PLAN.max);
        }
    }
}
