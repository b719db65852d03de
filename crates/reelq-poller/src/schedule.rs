//! What is known, in this process, of how long an account's tasks take. Bounded, and gone with the process.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reelq_model::{JobSpec, ModelName};
use reelq_worker::SharedRng;

use crate::PollPlan;

/// Run times kept of each kind of task.
const KEPT: usize = 64;
/// Kinds of task that are told apart; past this, all is forgotten rather than grow.
const KINDS: usize = 1000;
/// Polls are spread by this share, so that tasks accepted together are not polled together.
const JITTER: f64 = 0.1;
/// A task is noticed a little after it ends. Where the vendor does not tell the end, run times are noted this much shorter, so
/// that polls move towards the end itself instead of repeating their own delay.
const NOTICED_EARLY: f64 = 0.95;

type Kind = (ModelName, String);

/// Decides when to poll an account's tasks, and learns from those that finish.
pub struct PollSchedule {
    plan: PollPlan,
    run_times: Mutex<BTreeMap<Kind, VecDeque<Duration>>>,
    rng: SharedRng,
}

impl fmt::Debug for PollSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollSchedule").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl PollSchedule {
    /// Knows nothing yet.
    pub fn new(plan: PollPlan, rng: SharedRng) -> Self {
        Self { plan, run_times: Mutex::default(), rng }
    }

    /// The bounds.
    pub const fn plan(&self) -> &PollPlan {
        &self.plan
    }

    /// The time from acceptance to the first poll.
    pub fn first(&self, spec: &JobSpec) -> Duration {
        self.spread(self.plan.first_poll(&self.known(spec)))
    }

    /// The time from a poll that found the task running to the next.
    pub fn next(&self, spec: &JobSpec, age: Duration) -> Duration {
        self.spread(self.plan.next_poll_after(age, &self.known(spec)))
    }

    /// The time to the next poll of a task that is overdue.
    pub fn slow(&self) -> Duration {
        self.spread(self.plan.slow())
    }

    /// A task was found finished, `age` after its acceptance; `ran` is what the vendor says of its run time.
    pub fn note(&self, spec: &JobSpec, age: Duration, ran: Option<Duration>) {
        // A figure that is no part of the age, or less than half of it, measures something else.
        let ran = ran.filter(|ran| (age / 2..=age).contains(ran)).unwrap_or_else(|| age.mul_f64(NOTICED_EARLY));
        let mut kinds = self.run_times.lock().unwrap_or_else(PoisonError::into_inner);
        if kinds.len() >= KINDS {
            kinds.clear();
        }
        let run_times = kinds.entry(kind(spec)).or_default();
        if run_times.len() >= KEPT {
            run_times.pop_front();
        }
        run_times.push_back(ran);
    }

    fn known(&self, spec: &JobSpec) -> Vec<Duration> {
        let kinds = self.run_times.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known: Vec<_> = kinds.get(&kind(spec)).into_iter().flatten().copied().collect();
        known.sort_unstable();
        known
    }

    fn spread(&self, delay: Duration) -> Duration {
        self.rng.around(delay, JITTER)
    }
}

fn kind(spec: &JobSpec) -> Kind {
    (spec.model.clone(), spec.mode.clone())
}

#[cfg(test)]
mod tests {
    use reelq_testkit::sample;

    use super::*;

    fn spec() -> JobSpec {
        sample::spec("a cat")
    }

    fn schedule(seed: u64) -> PollSchedule {
        let seconds = Duration::from_secs;
        let plan = PollPlan { first: seconds(2), min: seconds(1), max: seconds(10), growth: 1.5 };
        PollSchedule::new(plan, SharedRng::seeded(seed))
    }

    /// Follows one task after another; gives the polls and the seconds of delay for each, on average over the last `over`.
    fn follow(schedule: &PollSchedule, run_times: &[Duration], over: usize) -> (f64, f64) {
        follow_telling(schedule, run_times, over, |_| None)
    }

    /// The same where the vendor tells of each run time what `tells` makes of it.
    fn follow_telling(
        schedule: &PollSchedule,
        run_times: &[Duration],
        over: usize,
        tells: impl Fn(Duration) -> Option<Duration>,
    ) -> (f64, f64) {
        let (mut polls, mut late) = (0.0, 0.0);
        for (number, runs) in run_times.iter().enumerate() {
            let counted = number + over >= run_times.len();
            let (mut age, mut polled) = (schedule.first(&spec()), 1.0);
            while age < *runs {
                age += schedule.next(&spec(), age);
                polled += 1.0;
            }
            schedule.note(&spec(), age, tells(*runs));
            if counted {
                polls += polled;
                late += age.saturating_sub(*runs).as_secs_f64();
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let over = over as f64;
        (polls / over, late / over)
    }

    fn between(from: u64, to: u64, count: usize) -> Vec<Duration> {
        let rng = SharedRng::seeded(9);
        let (from, to) = (Duration::from_secs(from), Duration::from_secs(to));
        (0..count).map(|_| from + to.saturating_sub(from).mul_f64(rng.fraction())).collect()
    }

    #[test]
    fn learning_saves_looks_and_notices_sooner() {
        for (from, to) in [(3, 5), (20, 30), (8, 40), (60, 90)] {
            let run_times = between(from, to, 300);
            let blind: Vec<_> = run_times.iter().map(|runs| follow(&schedule(1), &[*runs], 1)).collect();
            let blind_polls = blind.iter().map(|(polls, _)| polls).sum::<f64>() / 300.0;
            let blind_late = blind.iter().map(|(_, late)| late).sum::<f64>() / 300.0;
            let (polls, late) = follow(&schedule(1), &run_times, 200);
            assert!(late < blind_late, "{from}..{to}: {late} s late, {blind_late} s without learning");
            assert!(polls < blind_polls, "{from}..{to}: {polls} polls, {blind_polls} without learning");
        }
    }

    #[test]
    fn end_that_the_vendor_tells_saves_looks() {
        let seconds = Duration::from_secs_f64;
        let plan = PollPlan { first: seconds(1.0), min: seconds(0.25), max: seconds(5.0), growth: 1.5 };
        let new = || PollSchedule::new(plan, SharedRng::seeded(1));
        let run_times = between(6, 9, 600);
        let (untold, _) = follow(&new(), &run_times, 500);
        let (polls, late) = follow_telling(&new(), &run_times, 500, Some);
        assert!(polls < untold && polls <= 3.0 && late < 0.8, "{polls} polls ({untold} untold), {late} s late");
        let of_something_else = |runs: Duration| Some(runs / 10);
        let (polls, _) = follow_telling(&new(), &run_times, 500, of_something_else);
        assert!((polls - untold).abs() < 0.01, "a figure that measures something else is left aside: {polls}");
    }

    #[test]
    fn tasks_that_become_quicker_are_noticed_sooner_again() {
        let schedule = schedule(1);
        follow(&schedule, &between(8, 9, 100), 1);
        let (_, late) = follow(&schedule, &between(3, 4, 400), 50);
        assert!(late < 2.0, "{late} s late");
    }
}
