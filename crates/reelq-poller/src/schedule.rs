//! What is known, in this process, of how long an account's tasks take. Bounded, and gone with the process.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reelq_model::{JobSpec, ModelName};
use reelq_worker::Dice;

use crate::PollPlan;

/// Run times kept of each kind of task.
const KEPT: usize = 64;
/// Kinds of task that are told apart; past this, all is forgotten rather than grow.
const KINDS: usize = 1000;
/// Looks are spread by this share, so that tasks accepted together are not looked at together.
const JITTER: f64 = 0.1;
/// A task is noticed a little after it ends. Run times are noted this much shorter, so that looks move towards the end
/// itself instead of repeating their own delay.
const NOTICED_EARLY: f64 = 0.95;

type Kind = (ModelName, String);

/// Decides when to look at an account's tasks, and learns from those that finish.
pub struct Schedule {
    plan: PollPlan,
    run_times: Mutex<BTreeMap<Kind, VecDeque<Duration>>>,
    dice: Dice,
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl Schedule {
    /// Knows nothing yet.
    pub fn new(plan: PollPlan, dice: Dice) -> Self {
        Self { plan, run_times: Mutex::default(), dice }
    }

    /// The bounds.
    pub const fn plan(&self) -> &PollPlan {
        &self.plan
    }

    /// The time from acceptance to the first look.
    pub fn first(&self, spec: &JobSpec) -> Duration {
        self.spread(self.plan.first_look(&self.known(spec)))
    }

    /// The time from a look that found the task running to the next.
    pub fn next(&self, spec: &JobSpec, age: Duration) -> Duration {
        self.spread(self.plan.next_look(age, &self.known(spec)))
    }

    /// The time to the next look at a task that is overdue.
    pub fn slow(&self) -> Duration {
        self.spread(self.plan.slow())
    }

    /// A task was found finished, `age` after its acceptance.
    pub fn note(&self, spec: &JobSpec, age: Duration) {
        let mut kinds = self.run_times.lock().unwrap_or_else(PoisonError::into_inner);
        if kinds.len() >= KINDS {
            kinds.clear();
        }
        let run_times = kinds.entry(kind(spec)).or_default();
        if run_times.len() >= KEPT {
            run_times.pop_front();
        }
        run_times.push_back(age.mul_f64(NOTICED_EARLY));
    }

    fn known(&self, spec: &JobSpec) -> Vec<Duration> {
        let kinds = self.run_times.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known: Vec<_> = kinds.get(&kind(spec)).into_iter().flatten().copied().collect();
        known.sort_unstable();
        known
    }

    fn spread(&self, delay: Duration) -> Duration {
        self.dice.around(delay, JITTER)
    }
}

fn kind(spec: &JobSpec) -> Kind {
    (spec.model.clone(), spec.mode.clone())
}
